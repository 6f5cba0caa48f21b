import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@testable import Rooms

struct RoomMachineTests {
  @Test(arguments: RoomFixture.versions)
  func eventsFormAChain(_ version: RoomVersion) throws {
    var room = try RoomFixture(version: version)
    let first = try room.event(try RoomFixture.message("1", by: RoomFixture.alice)).event
    let second = try room.event(try RoomFixture.message("2", by: RoomFixture.alice)).event
    #expect(second.prevEvents == [first.eventID])
    #expect(second.depth == first.depth + 1)
    #expect(room.head.forwardExtremities == [second.eventID])
    #expect(room.head.depth == second.depth)
    #expect(EventHashes.contentHashMatches(second))
  }

  /// An event names no more than so many: the others stay ends and are taken up next.
  @Test(arguments: RoomFixture.versions)
  func aRoomWithManyEndsCanBeWrittenTo(_ version: RoomVersion) throws {
    var room = try RoomFixture(version: version)
    let (state, hashes) = (room.head.forwardExtremities, room.head.extremityHashes)
    var ends: [EventID] = []
    for number in 0..<45 {
      room.head.forwardExtremities = state
      room.head.extremityHashes = hashes
      ends.append(
        try room.event(try RoomFixture.message("\(number)", by: RoomFixture.alice)).event.eventID)
    }
    room.head.forwardExtremities = ends
    for event in ends { room.head.extremityHashes[event] = [] }
    let first = try room.event(try RoomFixture.message("first", by: RoomFixture.alice)).event
    #expect(first.prevEvents == Array(ends.suffix(20)))
    #expect(room.head.forwardExtremities == ends.dropLast(20) + [first.eventID])
    let second = try room.event(try RoomFixture.message("second", by: RoomFixture.alice)).event
    let third = try room.event(try RoomFixture.message("third", by: RoomFixture.alice)).event
    #expect(second.prevEvents.last == first.eventID)
    #expect(third.prevEvents == ends.prefix(6) + [second.eventID])
    #expect(room.head.forwardExtremities == [third.eventID])
  }

  @Test(arguments: RoomFixture.versions)
  func authEventsAreThoseOfTheState(_ version: RoomVersion) throws {
    var room = try RoomFixture(version: version)
    let event = try room.event(try RoomFixture.message("1", by: RoomFixture.alice)).event
    let named = Set(event.authEvents)
    let member = try present(
      room.head.state[StateTuple("m.room.member", RoomFixture.alice)]?.eventID, "member")
    #expect(named.contains(member))
    let create = try present(room.head.state[.create]?.eventID, "create")
    #expect(named.contains(create) == !version.rules.roomIDIsCreateHash)
  }

  @Test func anOutsiderIsRefusedAndTheHeadStays() throws {
    var room = try RoomFixture()
    let before = room.head.forwardExtremities
    #expect(throws: PersistError.self) {
      _ = try room.apply([try RoomFixture.message("x", by: RoomFixture.bob)])
    }
    #expect(room.head.forwardExtremities == before)
  }

  @Test func aFailedRequestTakesBackItsEarlierIntents() throws {
    var room = try RoomFixture()
    let (extremities, depth, state) = (
      room.head.forwardExtremities, room.head.depth, room.head.state.mapValues(\.eventID)
    )
    #expect(throws: PersistError.self) {
      _ = try room.apply([
        try RoomFixture.state("m.room.topic", "", ["topic": "new"], by: RoomFixture.alice),
        try RoomFixture.state(
          "m.room.member", RoomFixture.bob, ["membership": "join"], by: RoomFixture.bob),
        try RoomFixture.state("m.room.name", "", ["name": "no"], by: RoomFixture.bob),
      ])
    }
    #expect(room.head.forwardExtremities == extremities)
    #expect(room.head.depth == depth)
    #expect(room.head.state.mapValues(\.eventID) == state)
  }

  @Test func equalStateOfTheSameSenderIsTheEventThatExists() throws {
    var room = try RoomFixture()
    let intent = try RoomFixture.state("m.room.topic", "", ["topic": "a"], by: RoomFixture.alice)
    let first = try room.event(intent).event
    guard case .unchanged(let id)? = try room.apply([intent]).first else {
      Issue.record("a second event was made")
      return
    }
    #expect(id == first.eventID)
    #expect(room.head.forwardExtremities == [first.eventID])
  }

  @Test func changedStateCarriesWhatItReplaced() throws {
    var room = try RoomFixture()
    let topic = { (text: String) in
      try RoomFixture.state("m.room.topic", "", ["topic": .string(text)], by: RoomFixture.alice)
    }
    let first = try room.event(try topic("a"))
    let second = try room.event(try topic("b"))
    #expect(first.replaced.isEmpty)
    let unsigned = try JSONDocument(
      [UInt8(ascii: "{")] + second.replaced + [UInt8(ascii: "}")]
    ).root
    #expect(unsigned["prev_content"]?["topic"]?.string == "a")
    #expect(unsigned["replaces_state"]?.string == first.event.eventID.text)
    #expect(unsigned["prev_sender"]?.string == RoomFixture.alice)
  }

  @Test(arguments: [
    ("none", ["join"], false), ("none", ["none"], true), ("join", ["join", "invite"], true),
    ("join", ["ban"], false),
  ])
  func memberIntentsMayRequireAMembership(
    _ current: String, _ required: [String], _ isAllowed: Bool
  ) throws {
    var room = try RoomFixture()
    if current == "join" {
      _ = try room.apply([
        try RoomFixture.state(
          "m.room.member", RoomFixture.bob, ["membership": "join"], by: RoomFixture.bob)
      ])
    }
    let intent = try RoomFixture.state(
      "m.room.member", RoomFixture.bob, ["membership": "leave"], by: RoomFixture.alice,
      from: Set(required))
    if isAllowed {
      #expect(try room.event(intent).event.membership == "leave")
    } else {
      #expect(throws: PersistError.wrongMembership(current: current)) {
        _ = try room.apply([intent])
      }
    }
  }

  @Test(arguments: ["[]", "1", "{\"a\":1.5}", "{\"a\":1e3}", "{"])
  func contentThatIsNoCanonicalObjectIsInvalid(_ content: String) throws {
    var room = try RoomFixture()
    let intent = EventIntent(
      type: "m.room.message", sender: try RoomFixture.user(RoomFixture.alice),
      content: Array(content.utf8))
    #expect(throws: PersistError.self) { _ = try room.apply([intent]) }
  }

  @Test func anEventOverTheSizeLimitIsRefused() throws {
    var room = try RoomFixture()
    let body = String(repeating: "x", count: 70_000)
    #expect(throws: PersistError.tooLarge) {
      _ = try room.apply([try RoomFixture.message(body, by: RoomFixture.alice)])
    }
  }
}

struct RedactionTests {
  private func redaction(of target: EventID, by sender: String) throws -> EventIntent {
    EventIntent(
      type: "m.room.redaction", sender: try RoomFixture.user(sender), content: Array("{}".utf8),
      redacts: target)
  }

  private func room() throws -> RoomFixture {
    var room = try RoomFixture()
    _ = try room.apply([
      try RoomFixture.state(
        "m.room.member", RoomFixture.bob, ["membership": "join"], by: RoomFixture.bob)
    ])
    return room
  }

  @Test(arguments: [RoomFixture.alice, RoomFixture.bob])
  func theSenderAndModeratorsMayRedact(_ redacter: String) throws {
    var room = try room()
    let target = try room.event(try RoomFixture.message("secret", by: RoomFixture.bob)).event
    let planned = try room.event(
      try redaction(of: target.eventID, by: redacter), targets: [target.eventID: target])
    let redacted = try present(planned.redaction?.redacted, "redacted event")
    #expect(redacted.eventID == target.eventID)
    #expect(redacted.content["body"] == nil)
    #expect(EventHashes.referenceHash(of: redacted) == EventHashes.referenceHash(of: target))
  }

  @Test func othersMayNot() throws {
    var room = try room()
    let target = try room.event(try RoomFixture.message("kept", by: RoomFixture.alice)).event
    #expect(throws: PersistError.self) {
      _ = try room.apply(
        [try redaction(of: target.eventID, by: RoomFixture.bob)],
        targets: [target.eventID: target])
    }
  }

  @Test func aRedactedStateEventIsRedactedInTheHead() throws {
    var room = try room()
    let topic = try room.event(
      try RoomFixture.state("m.room.topic", "", ["topic": "secret"], by: RoomFixture.alice)
    ).event
    _ = try room.event(
      try redaction(of: topic.eventID, by: RoomFixture.alice), targets: [topic.eventID: topic])
    let current = room.head.state[StateTuple("m.room.topic")]?.event
    #expect(current?.eventID == topic.eventID)
    #expect(current?.content["topic"] == nil)
  }

  @Test func theCreateEventCannotBeRedacted() throws {
    var room = try room()
    let create = try present(room.head.event(.create), "create event")
    #expect(throws: PersistError.self) {
      _ = try room.apply(
        [try redaction(of: create.eventID, by: RoomFixture.alice)],
        targets: [create.eventID: create])
    }
  }
}
