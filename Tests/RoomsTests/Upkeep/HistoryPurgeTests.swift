import MatrixIdentifiers
import MatrixJSON
import Postgres
import RoomEvents
import Testing

@testable import Rooms

/// Taking the older part of a history away, on a real database.
struct HistoryPurgeTests {
  /// Purges in small batches, as the task does.
  private func purge(
    _ room: RoomID, end: Int64, limit: Int64 = 3, _ world: World
  ) async throws -> HistoryPurge.Removed {
    var place: Int64? = end - 1
    while let from = place {
      place = try await world.database.transaction { transaction in
        try await HistoryPurge.link(room, after: from, end: end, limit: limit, in: transaction)
      }
    }
    var (deleted, hidden, last) = (Int64(0), Int64(0), Int64.min)
    while true {
      let after = last
      let removed = try await world.database.transaction { transaction in
        try await HistoryPurge.remove(room, after: after, end: end, limit: limit, in: transaction)
      }
      guard let next = removed.last else {
        return HistoryPurge.Removed(deleted: deleted, hidden: hidden, last: last)
      }
      (deleted, hidden, last) = (deleted + removed.deleted, hidden + removed.hidden, next)
    }
  }

  @Test func messagesGoAndStatesStay() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      for number in 0..<10 { try await world.say("\(number)", in: room) }
      try await world.set("m.room.topic", "", ["topic": "old"], in: room)
      try await world.set("m.room.topic", "", ["topic": "new"], in: room)
      let kept = try await world.say("kept", in: room)
      let before = try await stateIDs(room, world)
      let end = try await HistoryPurge.end(before: kept.eventID, in: room, on: world.database)
      let removed = try await purge(room, end: try #require(end), world)
      #expect(removed.deleted == 10)
      #expect(removed.hidden > 2)
      #expect(try await world.story(of: room).map(\.event.eventID) == [kept.eventID])
      #expect(try await stateIDs(room, world) == before)
      let around = try await world.states.state(.after, kept.eventID)
      #expect(Set(try #require(around).map(\.event.eventID)) == before)
    }
  }

  @Test func whatStaysKnowsWhatItFollowed() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let gone = try await world.say("gone", in: room)
      let kept = try await world.say("kept", in: room)
      try await world.say("kept too", in: room)
      let end = try #require(
        try await HistoryPurge.end(before: kept.eventID, in: room, on: world.database))
      _ = try await purge(room, end: end, world)
      let missing = try await world.database.query(
        Statement("missing", "SELECT event_id, referrer FROM missing_prev_events"), [])
      #expect(missing.count == 1)
      #expect(missing.text(0, 0) == gone.eventID.text)
      #expect(missing.int(0, 1) == kept.streamOrdering)
    }
  }

  @Test func theEndOfTheHistoryStaysWhateverIsAskedFor() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let last = try await world.say("last", in: room)
      let end = try await HistoryPurge.end(before: Int64.max, in: room, on: world.database)
      #expect(end == last.streamOrdering)
      _ = try await purge(room, end: try #require(end), world)
      let next = try await world.say("next", in: room)
      #expect(
        try await world.story(of: room).map(\.event.eventID) == [last.eventID, next.eventID])
    }
  }

  @Test func aRoomAfterAPurgeGoesOnFromTheDatabase() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(RoomFixture.bob, "join", in: room)
      let kept = try await world.say("kept", in: room)
      let end = try #require(
        try await HistoryPurge.end(before: kept.eventID, in: room, on: world.database))
      _ = try await purge(room, end: end, world)
      let intents = [
        try RoomFixture.message("hello", by: RoomFixture.bob),
        try RoomFixture.state("m.room.topic", "", ["topic": "x"], by: RoomFixture.alice),
      ]
      let written = try await world.persistAfterRestart(
        PersistRequest(roomID: room, intents: intents))
      #expect(written.count == 2)
      #expect(written.allSatisfy { !$0.isDuplicate })
    }
  }

  @Test func anEventThatIsNotInTheRoomIsNoBound() async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      let elsewhere = try await world.say("elsewhere", in: other)
      let unknown = try #require(RoomID("!unknown:\(world.serverName.text)"))
      let database = world.database
      #expect(
        try await HistoryPurge.end(before: elsewhere.eventID, in: room, on: database) == nil)
      #expect(try await HistoryPurge.end(before: 1, in: unknown, on: database) == nil)
    }
  }

  private func stateIDs(_ room: RoomID, _ world: World) async throws -> Set<EventID> {
    Set(try await world.states.state(of: room, at: .max).map(\.event.eventID))
  }
}
