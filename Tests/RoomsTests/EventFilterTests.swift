import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Streams
import TestKit
import Testing

@testable import Rooms

private func filter(_ text: String) throws -> EventFilter {
  try EventFilter(FilterPart(try JSONDocument(Array(text.utf8)).root))
}

private func stored(
  _ type: String, by sender: String = RoomFixture.alice, in room: String = "!r:a.example",
  _ content: JSON = [:]
) throws -> StoredEvent {
  let json: JSON = [
    "type": .string(type), "sender": .string(sender), "room_id": .string(room),
    "content": content, "depth": 1, "origin_server_ts": 1,
  ]
  let event = try Event(
    bytes: json.bytes, version: .v11, eventID: try present(EventID("$e"), "event id"))
  return StoredEvent(event: event, streamOrdering: 1, writer: WriterID(raw: 1))
}

struct EventFilterTests {
  @Test(
    arguments: [
      ("a.b", "a.b", true), ("a.b", "a.bc", false), ("a.b", "a", false), ("", "", true),
      ("*", "", true), ("*", "anything", true), ("a.*", "a.", true), ("a.*", "a.b.c", true),
      ("a.*", "a", false), ("a.*", "b.a.", false), ("*.b", "a.b", true), ("*.b", "a.b.c", false),
      ("a*a", "a", false), ("a*a", "aa", true), ("a*a", "aba", true), ("ab*ba", "aba", false),
      ("a*b*c", "abc", true), ("a*b*c", "a-c-b", false), ("a*b*c", "acbc", true),
      ("a**c", "abc", true), ("*b*", "abc", true), ("*b*", "ac", false),
      ("*ab*ab*", "ab", false), ("*ab*ab*", "xababx", true), ("a*", "ä", false),
      ("m.room.*.x", "m.room.x", false), ("[a-z]*", "abc", false), ("a?", "ab", false),
    ])
  func wildcards(_ pattern: String, _ type: String, _ matches: Bool) throws {
    let wanted = try filter("{\"types\":[\"other\",\"\(pattern)\"]}")
    let unwanted = try filter("{\"not_types\":[\"other\",\"\(pattern)\"]}")
    #expect(wanted.matches(try stored(type)) == matches)
    #expect(unwanted.matches(try stored(type)) == !matches)
  }

  /// Filters with whether each lets pass: a message of Alice's with an address in the first room,
  /// one of Bob's without in the second, Alice's topic in the second.
  @Test(
    arguments: [
      ("{}", [true, true, true]),
      ("{\"limit\":3,\"lazy_load_members\":true,\"unknown\":[7]}", [true, true, true]),
      ("{\"types\":[]}", [false, false, false]), ("{\"not_types\":[]}", [true, true, true]),
      ("{\"types\":[\"m.room.topic\"]}", [false, false, true]),
      ("{\"types\":[\"m.*\"],\"not_types\":[\"*.topic\"]}", [true, true, false]),
      ("{\"types\":[\"m.room.topic\"],\"not_types\":[\"m.room.topic\"]}", [false, false, false]),
      ("{\"senders\":[\"@bob:a.example\"]}", [false, true, false]),
      ("{\"senders\":[]}", [false, false, false]),
      ("{\"not_senders\":[\"@alice:a.example\"]}", [false, true, false]),
      (
        "{\"senders\":[\"@bob:a.example\"],\"not_senders\":[\"@bob:a.example\"]}",
        [false, false, false]
      ),
      ("{\"rooms\":[\"!two:a.example\"]}", [false, true, true]),
      ("{\"not_rooms\":[\"!two:a.example\"]}", [true, false, false]),
      (
        "{\"rooms\":[\"!one:a.example\"],\"not_rooms\":[\"!one:a.example\"]}",
        [false, false, false]
      ),
      ("{\"contains_url\":true}", [true, false, false]),
      ("{\"contains_url\":false}", [false, true, true]),
      ("{\"contains_url\":false,\"types\":[\"m.room.message\"]}", [false, true, false]),
    ] as [(String, [Bool])])
  func criteria(_ text: String, _ passes: [Bool]) throws {
    let events = [
      try stored("m.room.message", in: "!one:a.example", ["url": "mxc://a/b"]),
      try stored("m.room.message", by: RoomFixture.bob, in: "!two:a.example"),
      try stored("m.room.topic", in: "!two:a.example"),
    ]
    let filter = try filter(text)
    #expect(events.map { filter.matches($0) } == passes)
    #expect(filter.admitsEverything == !passes.contains(false))
  }

  @Test func whatDoesNotChooseEvents() throws {
    let filter = try filter(
      "{\"limit\":7,\"lazy_load_members\":true,\"include_redundant_members\":true}")
    #expect(filter.limit == 7)
    #expect(filter.lazyLoadsMembers && filter.includesRedundantMembers)
    #expect(filter.admitsEverything)
    #expect(!EventFilter().lazyLoadsMembers && EventFilter().limit == nil)
  }

  @Test(
    arguments: [
      ("[]", "the filter"), ("7", "the filter"), ("{\"limit\":\"7\"}", "limit"),
      ("{\"limit\":-1}", "limit"), ("{\"limit\":1.5}", "limit"), ("{\"limit\":null}", "limit"),
      ("{\"types\":\"m.room.message\"}", "types"), ("{\"types\":[7]}", "types"),
      ("{\"not_types\":{}}", "not_types"), ("{\"senders\":[null]}", "senders"),
      ("{\"not_senders\":true}", "not_senders"), ("{\"rooms\":\"!a\"}", "rooms"),
      ("{\"not_rooms\":[[]]}", "not_rooms"), ("{\"contains_url\":\"yes\"}", "contains_url"),
      ("{\"lazy_load_members\":1}", "lazy_load_members"),
      ("{\"include_redundant_members\":[]}", "include_redundant_members"),
    ])
  func wrongKindsAreNamed(_ text: String, _ part: String) {
    #expect(throws: EventFilter.Problem.malformed(part)) { try filter(text) }
  }

  @Test func wildcardsAreCounted() throws {
    let patterns = { (count: Int) in
      "{\"not_types\":[" + (0..<count).map { "\"t\($0).*\"" }.joined(separator: ",") + "]}"
    }
    #expect(try !filter(patterns(EventFilter.wildcardLimit)).matches(stored("t7.x")))
    #expect(throws: EventFilter.Problem.tooManyWildcards("not_types")) {
      try filter(patterns(EventFilter.wildcardLimit + 1))
    }
    // Few, but long: trying them takes time too.
    let long = { (length: Int) in
      "{\"types\":[\"\(String(repeating: "*a", count: length / 2))\"]}"
    }
    #expect(try !filter(long(TypePatterns.wildcardBytesLimit)).matches(stored("a")))
    #expect(throws: EventFilter.Problem.tooManyWildcards("types")) {
      try filter(long(TypePatterns.wildcardBytesLimit + 2))
    }
  }

  @Test(arguments: [
    ("senders", "bob"), ("not_senders", "!room:a.example"), ("rooms", "room"), ("not_rooms", ""),
  ])
  func idsAreChecked(_ part: String, _ text: String) {
    #expect(throws: EventFilter.Problem.notAnID(part, text)) {
      try filter("{\"\(part)\":[\"\(text)\"]}")
    }
  }
}

struct FilteredHistoryTests {
  /// Pages to the end; returns the bodies in the order in which they came, and the page count.
  private func bodiesOfPages(
    _ direction: ReadHistory.Direction, _ filter: EventFilter, limit: Int, in room: RoomID,
    _ world: World
  ) async throws -> ([String], pages: Int) {
    var (found, pages, next): ([String], Int, HistoryToken?) = ([], 0, nil)
    repeat {
      let page = try await world.history.page(
        of: room, for: try RoomFixture.user(RoomFixture.alice), from: next, to: nil, direction,
        limit: limit, filter: filter)
      #expect(page.events.count <= limit)
      found += bodies(page.events)
      pages += 1
      next = page.end
    } while next != nil && pages < 100
    return (found, pages)
  }

  @Test(arguments: [1, 2, 5, 50])
  func pagesHoldTheMatchingEventsAndNoOthers(_ limit: Int) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(RoomFixture.bob, "join", in: room)
      for number in 0..<20 {
        let isRare = number % 6 == 0
        try await world.say(
          "\(isRare ? "rare" : "often") \(number)", in: room,
          by: isRare ? RoomFixture.bob : RoomFixture.alice)
      }
      let wanted = ["rare 0", "rare 6", "rare 12", "rare 18"]
      let rare = try filter(
        "{\"senders\":[\"\(RoomFixture.bob)\"],\"types\":[\"m.room.message\"]}")
      let backwards = try await bodiesOfPages(.backwards, rare, limit: limit, in: room, world)
      let forwards = try await bodiesOfPages(.forwards, rare, limit: limit, in: room, world)
      #expect(backwards.0 == wanted.reversed())
      #expect(forwards.0 == wanted)
      #expect(backwards.pages == max(1, (wanted.count + limit - 1) / limit))
    }
  }

  /// What is looked at for one page has an end, from which the next one goes on.
  @Test func aPageOfAHugeRoomIsBounded() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.say("first", in: room)
      let noise = EventStore.scanLimit + 300
      try await world.run(
        """
        INSERT INTO events (stream_ordering, writer, room_id, event_id, type, sender,
          room_version, depth, state_snapshot, json)
        SELECT e.stream_ordering + n, e.writer, e.room_id, '$noise' || n, 'x.noise', e.sender,
          e.room_version, e.depth, e.state_snapshot,
          convert_to(replace(convert_from(e.json, 'UTF8'), 'm.room.message', 'x.noise'), 'UTF8')
        FROM events e, generate_series(1, \(noise)) AS n
        WHERE e.room_id = '\(room.text)' AND e.type = 'm.room.message';
        SELECT setval('events_stream_seq', (SELECT max(stream_ordering) FROM events));
        """)
      try await world.say("last", in: room)
      let messages = try filter("{\"types\":[\"m.room.message\"]}")
      let alice = try RoomFixture.user(RoomFixture.alice)
      let page = try await world.history.page(
        of: room, for: alice, from: nil, to: nil, .backwards, limit: 10, filter: messages)
      #expect(bodies(page.events) == ["last"])
      #expect(page.end != nil)
      for direction in [ReadHistory.Direction.backwards, .forwards] {
        let all = try await bodiesOfPages(direction, messages, limit: 10, in: room, world)
        #expect(all.0 == (direction == .forwards ? ["first", "last"] : ["last", "first"]))
        #expect(all.pages > 1)
      }
    }
  }

  @Test func contextIsFilteredButForTheEventItself() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(RoomFixture.bob, "join", in: room)
      var ids: [EventID] = []
      for number in 0..<9 {
        ids.append(
          try await world.say(
            "\(number)", in: room, by: number % 2 == 0 ? RoomFixture.alice : RoomFixture.bob
          ).eventID)
      }
      let text = """
        {"senders":["\(RoomFixture.bob)"],"not_types":["m.room.topic"],"lazy_load_members":true}
        """
      let context = try await world.history.context(
        of: ids[4], in: room, for: try RoomFixture.user(RoomFixture.alice), limit: 2,
        filter: try filter(text))
      #expect(bodies([context.event]) == ["4"])
      #expect(bodies(context.before) == ["3"] && bodies(context.after) == ["5"])
      #expect(context.state.map(\.event.stateKey) == [RoomFixture.bob])
    }
  }
}
