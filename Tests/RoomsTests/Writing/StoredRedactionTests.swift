import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

struct StoredRedactionTests {
  @Test(arguments: RoomFixture.versions)
  func theStoredEventLosesItsContent(_ version: RoomVersion) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom(version)
      let target = try await world.say("secret", in: room)
      let redaction = try await world.persist(
        try RoomFixture.redaction(of: target.eventID, by: RoomFixture.alice), in: room)
      let stored = try await world.stored(target.eventID)
      #expect(stored.event.content.count == 0)
      #expect(stored.redactedBy == redaction.eventID)
      #expect(stored.streamOrdering == target.streamOrdering)
      let because = try unsigned(of: stored)["redacted_because"]
      #expect(because?["event_id"]?.string == redaction.eventID.text)
      #expect(because?["redacts"]?.string == target.eventID.text)
    }
  }

  @Test func aStateEventKeepsWhatItReplaced() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let first = try await world.set("m.room.topic", "", ["topic": "a"], in: room)
      let target = try await world.set("m.room.topic", "", ["topic": "secret"], in: room)
      try await world.persist(
        try RoomFixture.redaction(of: target.eventID, by: RoomFixture.alice), in: room)
      let current = try present(
        try await world.states.current(room, StateTuple("m.room.topic")), "topic")
      #expect(current.event.eventID == target.eventID)
      #expect(current.event.content["topic"] == nil)
      let told = try unsigned(of: current)
      #expect(told["prev_content"]?["topic"]?.string == "a")
      #expect(told["replaces_state"]?.string == first.eventID.text)
      #expect(told["redacted_because"] != nil)
    }
  }

  @Test func theReaderGetsTheRedaction() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let target = try await world.say("secret", in: room)
      let redaction = try await world.persist(
        try RoomFixture.redaction(of: target.eventID, by: RoomFixture.alice), in: room)
      let last = try present(world.delivered.withLock { $0.last }, "row")
      #expect(last.event.eventID == redaction.eventID)
      #expect(last.event.redacts == target.eventID)
      // What a worker makes of the event it remembers is what the database has.
      let remembered = try present(
        world.delivered.withLock { $0.first { $0.event.eventID == target.eventID } }, "target")
      let redacted = try present(Redaction.apply(last, to: remembered), "redacted event")
      let stored = try await world.stored(target.eventID)
      #expect(
        ClientEvent.bytes(redacted, reader: nil, now: 0)
          == ClientEvent.bytes(stored, reader: nil, now: 0))
      #expect(redacted.redactedBy == stored.redactedBy)
    }
  }

  /// In one batch and in two.
  @Test(arguments: [true, false])
  func theFirstOfTwoRedactionsStays(_ isOneBatch: Bool) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let target = try await world.say("secret", in: room)
      let intents = [
        try RoomFixture.redaction(of: target.eventID, by: RoomFixture.alice),
        try RoomFixture.redaction(of: target.eventID, by: RoomFixture.alice),
      ]
      let first: EventID
      if isOneBatch {
        let answers = try await world.writer.persist(
          PersistRequest(roomID: room, intents: intents))
        first = try present(answers.first, "answer").eventID
      } else {
        first = try await world.persist(intents[0], in: room).eventID
        try await world.persist(intents[1], in: room)
      }
      let stored = try await world.stored(target.eventID)
      #expect(stored.redactedBy == first)
      // Refuses repeated keys.
      let told = try unsigned(of: stored)
      #expect(told["redacted_because"]?["event_id"]?.string == first.text)
      let rows = world.delivered.withLock { $0 }
      var remembered = try present(rows.first { $0.event.eventID == target.eventID }, "target")
      for row in rows where row.event.redacts == target.eventID {
        remembered = try present(Redaction.apply(row, to: remembered), "redacted event")
      }
      #expect(remembered.unsigned == stored.unsigned)
      #expect(remembered.redactedBy == first)
    }
  }

  /// What took its place does not tell what it was, in the database as in memory: replaced before
  /// the redaction, in the same batch, and after it.
  @Test(arguments: [0, 1, 2])
  func theSuccessorForgetsToo(_ order: Int) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let join = try await world.set(
        "m.room.member", RoomFixture.bob, ["membership": "join", "displayname": "secret"],
        in: room, by: RoomFixture.bob)
      let change = try RoomFixture.state(
        "m.room.member", RoomFixture.bob, ["membership": "join", "displayname": "Bob"],
        by: RoomFixture.bob)
      let redaction = try RoomFixture.redaction(of: join.eventID, by: RoomFixture.alice)
      switch order {
      case 0:
        try await world.persist(change, in: room)
        try await world.persist(redaction, in: room)
      case 1:
        let request = PersistRequest(roomID: room, intents: [change, redaction])
        _ = try await world.writer.persist(request)
      default:
        try await world.persist(redaction, in: room)
        _ = try await world.persistAfterRestart(
          PersistRequest(roomID: room, intents: [change]))
      }
      let key = StateTuple("m.room.member", RoomFixture.bob)
      let successor = try present(try await world.states.current(room, key), "member")
      #expect(successor.event.content["displayname"]?.string == "Bob")
      let told = try unsigned(of: successor)
      #expect(told["prev_content"]?["membership"]?.string == "join")
      #expect(told["prev_content"]?["displayname"] == nil)
      #expect(told["replaces_state"]?.string == join.eventID.text)
      #expect(told["prev_sender"]?.string == RoomFixture.bob)
      // A worker that was told of the successor before comes to the same.
      let rows = world.delivered.withLock { $0 }
      let first = try present(
        rows.first { $0.event.eventID == successor.event.eventID }, "successor")
      #expect(first.replaces(ReplacementMark(of: join.eventID)))
      #expect(!first.replaces(ReplacementMark(of: successor.event.eventID)))
      #expect(Redaction.apply(toSuccessor: first).replaced == successor.replaced)
    }
  }

  @Test func aRedactionSharesItsBatchWithOtherEvents() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let said = try RoomFixture.message("secret", by: RoomFixture.alice)
      let target = try await world.persist(said, in: room).eventID
      let answers = try await world.inOneBatch([
        PersistRequest(
          roomID: room, intents: [try RoomFixture.message("between", by: RoomFixture.alice)]),
        PersistRequest(
          roomID: room, intents: [try RoomFixture.redaction(of: target, by: RoomFixture.alice)]),
      ])
      #expect(try answers.map { try $0.get().count } == [1, 1])
      #expect(bodies(try await world.story(of: room)) == ["between"])
    }
  }

  @Test func anEventOfAnotherRoomCannotBeRedacted() async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      let target = try await world.say("kept", in: other)
      _ = try? await world.persist(
        try RoomFixture.redaction(of: target.eventID, by: RoomFixture.alice), in: room)
      #expect(try await world.stored(target.eventID).event.content["body"]?.string == "kept")
      #expect(try await world.stored(target.eventID).redactedBy == nil)
    }
  }

  @Test func aRedactionThatIsNotAllowedChangesNothing() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(RoomFixture.bob, "join", in: room)
      let target = try await world.say("kept", in: room)
      await #expect(throws: PersistError.self) {
        try await world.persist(
          try RoomFixture.redaction(of: target.eventID, by: RoomFixture.bob), in: room)
      }
      #expect(try await world.stored(target.eventID).event.content["body"]?.string == "kept")
    }
  }

  @Test func aRedactedMemberIsStillAMember() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let join = try await world.set(
        "m.room.member", RoomFixture.bob, ["membership": "join", "displayname": "secret"],
        in: room, by: RoomFixture.bob)
      try await world.persist(
        try RoomFixture.redaction(of: join.eventID, by: RoomFixture.alice), in: room)
      let stored = try await world.stored(join.eventID)
      #expect(stored.event.membership == "join")
      #expect(stored.event.content["displayname"] == nil)
      // The writer's head agrees.
      try await world.say("still here", in: room, by: RoomFixture.bob)
    }
  }
}
