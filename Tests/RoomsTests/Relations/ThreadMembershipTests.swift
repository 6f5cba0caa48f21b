import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// In which thread a receipt for an event may be.
struct ThreadMembershipTests {
  /// A room with a thread, and what belongs to its events.
  private struct Story: Sendable {
    let room: RoomID
    let root, alone, reply, onReply, onRoot, far, redacted, onUnknown: EventID

    init(_ world: World, unknown: EventID) async throws {
      let room = try await world.makeRoom()
      @Sendable func write(_ kind: String, to parent: EventID) async throws -> EventID {
        var intent = try RoomFixture.message("", by: RoomFixture.alice)
        let relation: JSON = ["rel_type": .string(kind), "event_id": .string(parent.text)]
        intent.content = JSON.object(["m.relates_to": relation]).bytes
        return try await world.persist(intent, in: room).eventID
      }
      self.room = room
      root = try await world.say("root", in: room).eventID
      alone = try await world.say("alone", in: room).eventID
      reply = try await write(RelationType.thread, to: root)
      onReply = try await write(RelationType.reference, to: reply)
      onRoot = try await write(RelationType.reference, to: root)
      // Four steps from the reply, which is further than anybody looks.
      var last = onReply
      for _ in 0..<3 { last = try await write(RelationType.reference, to: last) }
      far = last
      redacted = try await write(RelationType.thread, to: root)
      try await world.persist(
        try RoomFixture.redaction(of: redacted, by: RoomFixture.alice), in: room)
      onUnknown = try await write(RelationType.reference, to: unknown)
    }
  }

  @Test func whatBelongsToAThreadIsReadThere() async throws {
    try await withWorld { world in
      let unknown = try present(EventID("$unknown:a.example"), "event id")
      let story = try await Story(world, unknown: unknown)
      // The event, and whether it may be read in the thread, outside, and in a thread of `alone`.
      let table: [(EventID, inThread: Bool, inMain: Bool, elsewhere: Bool)] = [
        (story.root, true, true, false), (story.alone, false, true, true),
        (story.reply, true, false, false), (story.onReply, true, false, false),
        (story.onRoot, true, true, false), (story.far, false, true, false),
        (story.redacted, true, true, true), (unknown, true, true, true),
        (story.onUnknown, true, true, true),
      ]
      let threads = ThreadMembership(database: world.database)
      for (index, row) in table.enumerated() {
        let answers = try await [
          threads.mayBeRead(row.0, inThread: story.root, of: story.room),
          threads.mayBeRead(row.0, inThread: nil, of: story.room),
          threads.mayBeRead(row.0, inThread: story.alone, of: story.room),
        ]
        #expect(answers == [row.inThread, row.inMain, row.elsewhere], "row \(index)")
      }
    }
  }
}
