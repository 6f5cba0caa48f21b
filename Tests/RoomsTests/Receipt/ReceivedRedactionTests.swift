import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// A room of two servers in which events are redacted, as the writer of a third one takes it in.
private struct RedactedRoom {
  static let admin = "@admin:a"
  static let member = "@member:b"
  static let neighbour = "@neighbour:b"
  static let outsider = "@other:c"

  let world: World
  let maker: PDUMaker
  private var state: [StateTuple: EventID] = [:]
  private var ends: [EventID] = []
  private var count = 0

  init(_ version: RoomVersion, in world: World) async throws {
    self.world = world
    maker = PDUMaker(version, creator: Self.admin)
    try await receive([note(maker.createEvent())])
    try await receive([
      make(draft(Self.admin, EventType.member, ["membership": "join"], key: Self.admin))
    ])
    let users: JSON = version.rules.creatorsArePrivileged ? [:] : [Self.admin: 100]
    try await receive([make(draft(Self.admin, EventType.powerLevels, ["users": users]))])
    try await receive([make(draft(Self.admin, EventType.joinRules, ["join_rule": "public"]))])
    for user in [Self.member, Self.neighbour, Self.outsider] {
      try await receive([
        make(draft(user, EventType.member, ["membership": "join"], key: user))
      ])
    }
  }

  private func draft(
    _ sender: String, _ type: String, _ content: JSON, key: String? = ""
  ) -> PDUMaker.Draft {
    PDUMaker.Draft(sender: sender, type: type, stateKey: key, content: content)
  }

  private mutating func note(_ event: Event) -> Event {
    if let key = event.stateTuple { state[key] = event.eventID }
    ends = [event.eventID]
    return event
  }

  /// The next event; it is not sent yet.
  mutating func make(_ given: PDUMaker.Draft) throws -> Event {
    count += 1
    var draft = given
    draft.previous = ends
    draft.depth = Int64(count + 1)
    let state = state
    return note(try maker.make(draft, named: "e\(count)") { state[$0] })
  }

  mutating func message(by sender: String) throws -> Event {
    try make(draft(sender, EventType.message, ["body": "secret"], key: nil))
  }

  mutating func topic() throws -> Event {
    try make(draft(Self.admin, EventType.topic, ["topic": "secret"]))
  }

  mutating func redaction(of target: EventID, by sender: String) throws -> Event {
    var redaction = draft(sender, EventType.redaction, [:], key: nil)
    redaction.redacts = target
    return try make(redaction)
  }

  @discardableResult
  func receive(_ events: [Event]) async throws -> [ReceiveOutcome] {
    try await world.writer.receive(
      ReceiveRequest(
        roomID: try maker.room, version: maker.version,
        events: events.map { ReceivedEvent(event: $0, kind: .live) }))
  }

  /// Whether clients are told of it.
  func isShown(_ event: Event) async throws -> Bool {
    try await world.events.event(event.eventID) != nil
  }

  func isRedacted(_ event: Event, by redaction: Event) async throws -> Bool {
    let stored = try await world.stored(event.eventID)
    guard stored.redactedBy != nil else { return false }
    #expect(stored.redactedBy == redaction.eventID)
    #expect(stored.event.content.count == 0)
    #expect(try unsigned(of: stored)["redacted_because"] != nil)
    return true
  }
}

/// spec: rooms/v1#authorisation-rules rule 11, rooms/v3#handling-redactions
struct ReceivedRedactionTests {
  static let versions: [RoomVersion] = [.v1, .v3, .v10, .v11, .v12]
  static let later = versions.dropFirst()

  @Test(arguments: versions)
  func moderatorsRedactWhatOthersSent(_ version: RoomVersion) async throws {
    try await withWorld { world in
      var room = try await RedactedRoom(version, in: world)
      let message = try room.message(by: RedactedRoom.member)
      let redaction = try room.redaction(of: message.eventID, by: RedactedRoom.admin)
      #expect(
        try await room.receive([message, redaction]) == [.stored(.accepted), .stored(.accepted)])
      #expect(try await room.isRedacted(message, by: redaction))
      #expect(try await room.isShown(redaction))
    }
  }

  /// Users of one server can redact each other's events; their server answers for them.
  @Test(arguments: later)
  func theDomainOfTheSenderIsEnough(_ version: RoomVersion) async throws {
    try await withWorld { world in
      var room = try await RedactedRoom(version, in: world)
      let message = try room.message(by: RedactedRoom.member)
      let redaction = try room.redaction(of: message.eventID, by: RedactedRoom.neighbour)
      try await room.receive([message])
      try await room.receive([redaction])
      #expect(try await room.isRedacted(message, by: redaction))
      #expect(try await room.isShown(redaction))
    }
  }

  /// The event is part of the history all the same: what is built on it stands.
  @Test(arguments: later)
  func aRedactionWithoutAuthorityIsWithheld(_ version: RoomVersion) async throws {
    try await withWorld { world in
      var room = try await RedactedRoom(version, in: world)
      let message = try room.message(by: RedactedRoom.member)
      let redaction = try room.redaction(of: message.eventID, by: RedactedRoom.outsider)
      let next = try room.message(by: RedactedRoom.member)
      let outcomes = try await room.receive([message, redaction, next])
      #expect(outcomes.allSatisfy { $0 == .stored(.accepted) })
      #expect(try await room.isRedacted(message, by: redaction) == false)
      #expect(try await room.isShown(redaction) == false)
      #expect(try await room.isShown(next))
    }
  }

  @Test(arguments: later, [true, false])
  func aRedactionWaitsForItsPartner(_ version: RoomVersion, isAllowed: Bool) async throws {
    try await withWorld { world in
      var room = try await RedactedRoom(version, in: world)
      let message = try room.message(by: RedactedRoom.member)
      // The redaction is sent on another branch, so that it can come first.
      var early = room
      let redaction = try early.redaction(
        of: message.eventID, by: isAllowed ? RedactedRoom.admin : RedactedRoom.outsider,
        besides: message)
      try await room.receive([redaction])
      #expect(try await room.isShown(redaction) == false)
      try await room.receive([message])
      #expect(try await room.isRedacted(message, by: redaction) == isAllowed)
      #expect(try await room.isShown(redaction) == isAllowed)
      let told = try present(
        try await world.story(of: try room.maker.room).first {
          $0.event.eventID == message.eventID
        }, "message")
      #expect((told.event.content.count == 0) == isAllowed)
      #expect(try await world.number("left", "SELECT count(*) FROM waiting_redactions") == 0)
    }
  }

  /// State that was redacted decides as before, without what it said.
  @Test(arguments: versions)
  func stateIsRedactedToo(_ version: RoomVersion) async throws {
    try await withWorld { world in
      var room = try await RedactedRoom(version, in: world)
      let first = try room.topic()
      let second = try room.topic()
      let redaction = try room.redaction(of: first.eventID, by: RedactedRoom.admin)
      try await room.receive([first, second, redaction])
      #expect(try await room.isRedacted(first, by: redaction))
      let current = try present(
        try await world.states.current(try room.maker.room, StateTuple(EventType.topic)), "topic")
      #expect(current.event.eventID == second.eventID)
      let replaced = try unsigned(of: current)
      #expect(replaced["replaces_state"]?.string == first.eventID.text)
      #expect(replaced["prev_content"]?.count == 0)
    }
  }
}

extension RedactedRoom {
  /// A redaction that builds on what came before an event.
  fileprivate mutating func redaction(
    of target: EventID, by sender: String, besides event: Event
  ) throws -> Event {
    ends = event.prevEvents
    return try redaction(of: target, by: sender)
  }
}
