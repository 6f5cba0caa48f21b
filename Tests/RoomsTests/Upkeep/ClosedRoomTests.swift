import MatrixIdentifiers
import Postgres
import RoomEvents
import Testing

@testable import Rooms

/// A room that was closed, and what is left of it.
struct ClosedRoomTests {
  @Test func nothingIsWrittenToIt() async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      try await world.say("before", in: room)
      try await world.writer.close(room)
      await #expect(throws: PersistError.unknownRoom) { try await world.say("after", in: room) }
      let intent = try RoomFixture.message("after a restart", by: RoomFixture.alice)
      await #expect(throws: PersistError.unknownRoom) {
        try await world.persistAfterRestart(PersistRequest(roomID: room, intents: [intent]))
      }
      try await world.writer.close(room)
      try await world.say("elsewhere", in: other)
    }
  }

  @Test func erasureLeavesNothingOfItAndAllOfOthers() async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      for one in [room, other] {
        try await world.member(RoomFixture.bob, "join", in: one)
        for number in 0..<7 { try await world.say("\(number)", in: one) }
      }
      let before = try await world.story(of: other).map(\.event.eventID)
      try await world.writer.close(room)
      #expect(try await eraseAll(of: room, world) > 3)
      try await world.database.transaction { transaction in
        try await RoomErasure.removeRoom(room, in: transaction)
      }
      for table in ["rooms", "room_heads", "events", "room_memberships", "event_txn_ids"] {
        #expect(try await rows(of: room, in: table, world) == 0, "\(table)")
      }
      let orphans = try await world.database.query(
        Statement(
          "orphans",
          """
          SELECT (SELECT count(*) FROM state_slots WHERE room_nid NOT IN
              (SELECT room_nid FROM rooms))
            + (SELECT count(*) FROM state_layers WHERE room_nid NOT IN
              (SELECT room_nid FROM rooms))
          """), [])
      #expect(orphans.int(0, 0) == 0)
      #expect(try await world.story(of: other).map(\.event.eventID) == before)
      try await world.say("goes on", in: other)
    }
  }

  /// - Returns: the number of batches.
  private func eraseAll(of room: RoomID, _ world: World) async throws -> Int {
    var (batches, place, rows) = (0, Int64.min, 1)
    while rows > 0 {
      (rows, place) = try await world.database.transaction { [place] transaction in
        try await RoomErasure.removeEvents(of: room, after: place, limit: 4, in: transaction)
      }
      batches += 1
    }
    for part in [RoomErasure.removeMembers, RoomErasure.removeState] {
      rows = 1
      while rows > 0 {
        rows = try await world.database.transaction { try await part(room, 4, $0) }
        batches += 1
      }
    }
    return batches
  }

  private func rows(of room: RoomID, in table: String, _ world: World) async throws -> Int64? {
    try await world.database.query(
      Statement("rows_of_\(table)", "SELECT count(*) FROM \(table) WHERE room_id = $1"),
      [.text(room.text)]
    ).int(0, 0)
  }

  @Test func blockedRooms() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let (alice, bob) = (
        try RoomFixture.user(RoomFixture.alice), try RoomFixture.user(RoomFixture.bob)
      )
      let blocked = BlockedRooms(database: world.database)
      try await blocked.block(room, by: alice)
      try await blocked.block(room, by: bob)
      #expect(try await blocked.blocker(of: room) == alice)
      await #expect(throws: RoomError.self) {
        try await world.membership.join(room, user: bob, reason: nil)
      }
      try await blocked.unblock(room)
      #expect(try await blocked.blocker(of: room) == nil)
    }
  }
}
