import DequeModule
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import Streams
import TestKit
import Testing

@testable import Sync

/// A room's history, made up without a writer.
private struct Tale {
  static let writer = WriterID(raw: 1)
  private(set) var events: [StoredEvent] = []
  private var current: [StateTuple: StoredEvent] = [:]

  @discardableResult
  mutating func add(
    _ type: String, _ stateKey: String? = nil, by sender: String = "@a:x", _ content: JSON = [:]
  ) throws -> StoredEvent {
    let position = Int64(events.count + 1)
    var json: JSON = [
      "type": .string(type), "sender": .string(sender), "room_id": "!r:x", "content": content,
      "depth": .integer(position), "origin_server_ts": 1,
    ]
    if let stateKey { json["state_key"] = .string(stateKey) }
    let event = try Event(
      bytes: json.bytes, version: .v11,
      eventID: try present(EventID("$\(position)"), "event id"))
    let key = stateKey.map { StateTuple(type, $0) }
    let stored = StoredEvent(
      event: event, streamOrdering: position, writer: Self.writer,
      replaced: Self.members(replacing: key.flatMap { current[$0] }))
    if let key { current[key] = stored }
    events.append(stored)
    return stored
  }

  @discardableResult
  mutating func member(_ user: String, _ membership: String) throws -> StoredEvent {
    try add("m.room.member", user, by: user, ["membership": .string(membership)])
  }

  private static func members(replacing previous: StoredEvent?) -> [UInt8] {
    guard let previous else { return [] }
    let members: JSON = [
      "prev_content": JSON(previous.event.content),
      "replaces_state": .string(previous.event.eventID.text),
    ]
    return Array(members.bytes.dropFirst().dropLast())
  }

  /// As a worker remembers the room: the events after the first `forgotten` ones.
  func view(forgetting forgotten: Int = 0) -> RoomView {
    RoomView(
      events: Array(events[forgotten...]), stateBefore: Array(state(at: forgotten).values),
      hasEarlier: forgotten > 0)
  }

  func state(at position: Int) -> [StateTuple: StoredEvent] {
    var state: [StateTuple: StoredEvent] = [:]
    for stored in events[..<position] {
      if let key = stored.key { state[key] = stored }
    }
    return state
  }
}

private func token(_ position: Int) -> VectorToken {
  VectorToken(minimum: Int64(position))
}

private func filter(_ text: String) throws -> EventFilter {
  try EventFilter(FilterPart(try JSONDocument(Array(text.utf8)).root))
}

private func positions(_ events: [StoredEvent]) -> [Int64] {
  events.map(\.streamOrdering)
}

/// What a client has made of the answers so far.
private struct Client {
  var state: [StateTuple: StoredEvent]

  mutating func take(_ slice: RoomSlice) {
    for stored in slice.state + slice.events {
      if let key = stored.key { state[key] = stored }
    }
  }
}

struct FilteredSliceTests {
  private static let filters = [
    "{\"types\":[\"m.room.message\"]}", "{\"not_types\":[\"m.room.member\"]}",
    "{\"senders\":[\"@a:x\"]}", "{\"not_senders\":[\"@a:x\",\"@b:x\"]}", "{\"types\":[]}",
    "{\"types\":[\"m.room.t*\",\"x.*\"],\"senders\":[\"@b:x\",\"@c:x\"]}",
    "{\"contains_url\":true}", "{}",
  ]

  private func randomTale(_ random: inout SeededRandom, length: Int) throws -> Tale {
    var tale = Tale()
    try tale.add("m.room.create", "")
    let users = ["@a:x", "@b:x", "@c:x"]
    let types = ["m.room.message", "m.room.topic", "m.room.name", "x.state", "m.room.member"]
    for number in 0..<length {
      let sender = users[Int.random(in: 0..<3, using: &random)]
      let type = types[Int.random(in: 0..<types.count, using: &random)]
      var content: JSON = ["n": .integer(Int64(number))]
      if random.chance(30) { content["url"] = "mxc://x/y" }
      let memberships = ["join", "leave", "invite"]
      content["membership"] = .string(memberships[Int.random(in: 0..<3, using: &random)])
      let key = type == "m.room.member" ? sender : random.chance(50) ? "" : "k"
      try tale.add(type, type == "m.room.message" ? nil : key, by: sender, content)
    }
    return tale
  }

  /// Whatever is filtered: the client's state becomes the room's, and the timeline with what lies
  /// before `prev_batch` has every matching event once.
  @Test(arguments: 1...60)
  func nothingIsLost(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    for text in Self.filters {
      let tale = try randomTale(&random, length: Int.random(in: 1...40, using: &random))
      let count = tale.events.count
      let known = Int.random(in: 0...count, using: &random)
      var request = SliceRequest(
        since: random.chance(70) ? token(known) : nil,
        limit: Int.random(in: 1...12, using: &random), timeline: try filter(text))
      if random.chance(30) {
        let low = Int64.random(in: 1...40, using: &random)
        request.history = HistoryVisibility(
          settings: [.init(.min, .joined)],
          memberships: [
            .init(1, "join"), .init(low, "leave"), .init(low + 5, "join"),
          ])
      }
      let since = request.since == nil ? 0 : known
      let slice = tale.view().longestSlice(request)
      var client = Client(state: tale.state(at: since))
      client.take(slice)
      #expect(
        client.state.mapValues(\.streamOrdering)
          == tale.state(at: count).mapValues(\.streamOrdering), "\(text)")
      let matching = tale.events[since...].filter { request.tells($0) }
      let paged = matching.filter { $0.streamOrdering <= slice.previousBatch }
      #expect(slice.isLimited || paged.isEmpty)
      #expect(positions(paged + slice.events) == positions(matching), "\(text)")
      #expect(slice.events.count <= request.limit)
      if matching.count > request.limit { #expect(slice.isLimited) }
    }
  }

  /// Memory that does not reach back far enough says so, and what it gives is the same.
  @Test(arguments: 1...60)
  func memoryGivesTheWholeOrNothing(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    for text in Self.filters {
      let tale = try randomTale(&random, length: 30)
      let forgotten = Int.random(in: 0...20, using: &random)
      let since = random.chance(60) ? Int.random(in: 0...30, using: &random) : nil
      let request = SliceRequest(
        since: since.map(token), limit: Int.random(in: 1...8, using: &random),
        timeline: try filter(text))
      let whole = tale.view().longestSlice(request)
      let slice = tale.view(forgetting: forgotten).slice(request)
      if let slice {
        #expect(positions(slice.events) == positions(whole.events))
        #expect(slice.isLimited || !whole.isLimited)
        // Where more may lie before, the state before the timeline is told besides.
        let (told, needed) = (Set(positions(slice.state)), Set(positions(whole.state)))
        let isSame = slice.isLimited == whole.isLimited
        #expect(isSame ? told == needed : told.isSuperset(of: needed))
      } else {
        #expect(forgotten > 0 && since ?? 0 <= forgotten)
        let remembered = tale.events[forgotten...].filter { request.tells($0) }
        #expect(remembered.count < request.limit)
      }
    }
  }

  @Test func stateThatTheTimelineDropsIsToldBesideIt() throws {
    var tale = Tale()
    try tale.add("m.room.create", "")
    try tale.add("m.room.topic", "")
    let topic = try tale.add("m.room.topic", "")
    let message = try tale.add("m.room.message")
    var request = SliceRequest(
      since: token(1), limit: 10, timeline: try filter("{\"types\":[\"m.room.message\"]}"))
    var slice = try present(tale.view().slice(request), "slice")
    #expect(positions(slice.events) == [message.streamOrdering])
    #expect(positions(slice.state) == [topic.streamOrdering])
    #expect(!slice.isLimited)
    request.state = try filter("{\"not_types\":[\"m.room.topic\"]}")
    slice = try present(tale.view().slice(request), "slice")
    #expect(slice.state.isEmpty && slice.events.count == 1)
  }

  @Test func nothingMatchingIsNothingToTell() throws {
    var tale = Tale()
    try tale.add("m.room.create", "")
    for _ in 0..<5 { try tale.add("x.noise") }
    let request = SliceRequest(
      since: token(1), limit: 3, timeline: try filter("{\"types\":[\"m.room.message\"]}"))
    let slice = try present(tale.view().slice(request), "slice")
    #expect(slice.events.isEmpty && slice.state.isEmpty && !slice.isLimited)
  }

  /// An older value in the timeline would undo what `state` tells, so the timeline begins later.
  @Test func theTimelineDoesNotContradictTheState() throws {
    var tale = Tale()
    try tale.add("m.room.create", "")
    let early = try tale.add("m.room.message")
    let kept = try tale.add("m.room.topic", "", by: "@a:x")
    let dropped = try tale.add("m.room.topic", "", by: "@b:x")
    let last = try tale.add("m.room.message")
    var request = SliceRequest(
      since: token(1), limit: 10, timeline: try filter("{\"not_senders\":[\"@b:x\"]}"))
    var slice = try present(tale.view().slice(request), "slice")
    #expect(positions(slice.events) == [last.streamOrdering])
    #expect(positions(slice.state) == [dropped.streamOrdering])
    #expect(slice.isLimited && slice.previousBatch >= kept.streamOrdering)
    // A client that does not want that state anyway gets the timeline whole.
    request.state = try filter("{\"types\":[]}")
    slice = try present(tale.view().slice(request), "slice")
    #expect(positions(slice.events) == positions([early, kept, last]))
    #expect(!slice.isLimited)
  }

  @Test(arguments: [true, false])
  func whatIsNotVisibleIsLeftOut(_ isNew: Bool) throws {
    var tale = Tale()
    try tale.add("m.room.create", "")
    try tale.add("m.room.history_visibility", "", ["history_visibility": "joined"])
    try tale.member("@b:x", "join")
    let seen = try tale.add("m.room.message")
    try tale.member("@b:x", "leave")
    try tale.add("m.room.message")
    let name = try tale.add("m.room.name", "")
    let back = try tale.member("@b:x", "join")
    let last = try tale.add("m.room.message")
    let view = tale.view()
    let bob = try present(UserID("@b:x"), "user id")
    #expect(view.hidesHistory)
    let request = SliceRequest(
      since: isNew ? nil : token(3), limit: 10, history: view.history(of: bob))
    let slice = try present(view.slice(request), "slice")
    let told = positions(slice.events)
    #expect(told.suffix(4) == [seen.streamOrdering, 5, back.streamOrdering, last.streamOrdering])
    #expect(!told.contains(6) && !told.contains(name.streamOrdering))
    #expect(positions(slice.state).contains(name.streamOrdering), "state is a member's to know")
  }

  /// What memory says of visibility is what the whole history says, as far as memory goes.
  @Test(arguments: 1...60)
  func visibilityFromMemory(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    let settings = ["world_readable", "shared", "invited", "joined", "odd"]
    let memberships = ["join", "invite", "leave", "ban"]
    var tale = Tale()
    var changes:
      ([HistoryVisibility.Change<HistoryVisibility.Setting>], [HistoryVisibility.Change<String>]) =
        ([], [])
    for _ in 0..<30 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        let setting = settings[Int.random(in: 0..<5, using: &random)]
        let stored = try tale.add(
          "m.room.history_visibility", "", ["history_visibility": .string(setting)])
        changes.0.append(.init(stored.streamOrdering, .init(of: stored.event)))
      case 1:
        let membership = memberships[Int.random(in: 0..<4, using: &random)]
        let stored = try tale.member("@b:x", membership)
        changes.1.append(.init(stored.streamOrdering, membership))
      default: try tale.add("m.room.message")
      }
    }
    let whole = HistoryVisibility(settings: changes.0, memberships: changes.1)
    let bob = try present(UserID("@b:x"), "user id")
    for forgotten in [0, 10, 20, 29] {
      let view = tale.view(forgetting: forgotten)
      let history = view.history(of: bob)
      for stored in tale.events[forgotten...] {
        #expect(history.sees(stored.streamOrdering) == whole.sees(stored.streamOrdering))
      }
      if !view.hidesHistory, tale.state(at: 30)[.member(bob)]?.event.membership == "join" {
        #expect(tale.events[forgotten...].allSatisfy { whole.sees($0.streamOrdering) })
      }
    }
  }

  @Test(
    arguments: [
      (["join", "leave"], 2), (["join", "leave", "ban"], 2), (["invite", "leave"], nil),
      (["join", "leave", "invite", "leave"], 2), (["join", "leave", "join", "ban"], 4),
    ] as [([String], Int64?)])
  func whereOneCeasedToBeInTheRoom(_ memberships: [String], _ position: Int64?) throws {
    var tale = Tale()
    for membership in memberships { try tale.member("@b:x", membership) }
    let bob = try present(UserID("@b:x"), "user id")
    #expect(tale.view().departure(of: bob) == position)
    let remembered = tale.view(forgetting: memberships.count).departure(of: bob)
    #expect(remembered == position || remembered == nil)
  }

  /// With lazy members a gap's changes of members are told, and otherwise only who speaks.
  @Test func lazyMembersOfAGap() throws {
    var tale = Tale()
    try tale.add("m.room.create", "")
    for user in ["@a:x", "@b:x", "@c:x"] { try tale.member(user, "join") }
    let changed = try tale.member("@c:x", "leave")
    for _ in 0..<3 { try tale.add("m.room.message", by: "@b:x") }
    let reader = try present(UserID("@a:x"), "user id")
    var request = SliceRequest(since: token(4), limit: 2, lazyMembers: LazyMembers(reader: reader))
    var slice = try present(tale.view().slice(request), "slice")
    #expect(slice.isLimited)
    #expect(Set(positions(slice.state)) == [changed.streamOrdering, 3])
    request.since = nil
    slice = try present(tale.view().slice(request), "slice")
    #expect(Set(positions(slice.state)) == [1, 2, 3])
    #expect(slice.state.count == 3)
  }
}
