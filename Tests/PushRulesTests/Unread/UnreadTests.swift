import MatrixIdentifiers
import Postgres
import Synchronization
import TestKit
import Testing

@testable import PushRules

@Suite struct UnreadTests {
  /// The receipts that the story has given so far.
  private final class Receipts: ReadPositions {
    let given = Mutex<[UserID: [ReadPosition]]>([:])

    func positions(of user: UserID, in rooms: [RoomID]) async throws -> [ReadPosition] {
      given.withLock { $0[user] ?? [] }.filter { rooms.contains($0.room) }
    }
  }

  /// What the database says, and what a worker says that follows the streams, is what a scan over
  /// all events says.
  @Test(arguments: 0..<8)
  func countsAreThoseOfAScan(seed: Int) async throws {
    try await TestPostgres.withDatabase(migrations: PushRulesSchema.migrations) { database in
      var story = NaiveStory(seed: seed)
      let receipts = Receipts()
      let reader = UnreadReader(database: database, positions: receipts)
      let store = UnreadStore(database: database)
      for _ in 0..<80 {
        var batch: [(event: EvaluatedEvent, departed: UserID?)] = []
        for _ in 0...story.random.below(3) { batch.append(story.next()) }
        _ = try await database.queryAll(PushActions.queries(for: batch.map(\.event)))
        for (event, departed) in batch { reader.apply(event, departed: departed) }
        if story.random.chance(60), let (user, position) = story.receipt() {
          receipts.given.withLock { $0 = story.receipts }
          reader.apply(position, of: user)
        }
        let user = story.random.pick(story.users)
        let rooms = story.rooms.filter { story.isMember(user, $0) }
        let loaded = try await store.load(
          user, in: rooms, positions: try await receipts.positions(of: user, in: rooms))
        let followed = try await reader.unread(of: user, in: rooms)
        for room in rooms {
          let expected = story.counts(of: user, in: room)
          #expect(loaded[room]?.counts == expected)
          #expect(followed[room]?.counts == expected)
        }
      }
    }
  }

  @Test func countsAreLoadedOnceAndThenFollowed() async throws {
    try await TestPostgres.withDatabase(migrations: PushRulesSchema.migrations) { database in
      final class Counting: ReadPositions {
        let calls = Mutex(0)
        func positions(of user: UserID, in rooms: [RoomID]) async throws -> [ReadPosition] {
          calls.withLock { $0 += 1 }
          return []
        }
      }
      let positions = Counting()
      let reader = UnreadReader(database: database, positions: positions)
      for place in 1...300 {
        let event = EvaluatedEvent(
          room: room, streamOrdering: Int64(place), push: .usual, reader: nil)
        _ = try await database.queryAll(PushActions.queries(for: [event]))
        reader.apply(event, departed: nil)
        let unread = try await reader.unread(of: alice, in: [room])[room]
        #expect(unread?.main == PushCount(notifications: Int64(place)))
      }
      #expect(positions.calls.withLock { $0 } == 1)
    }
  }

  @Test func aMessageWritesOneRowHoweverManyMembersThereAre() async throws {
    try await TestPostgres.withDatabase(migrations: PushRulesSchema.migrations) { database in
      var audience = RoomAudience(room, memberCount: 0, rulesAsOf: 0)
      for number in 0..<200 {
        let user = try #require(UserID("@user\(number):test"))
        audience.insert(user, displayName: "User \(number)", rules: nil)
      }
      let push = audience.evaluate(try makeEvent(), try context(), ignoring: [], outsiders: [:])
      let event = EvaluatedEvent(room: room, streamOrdering: 1, push: push, reader: alice)
      let queries = PushActions.queries(for: [event])
      #expect(queries.count == 2)
      let rows = try await database.queryAll(queries)
      #expect(rows.map(\.affectedRows) == [1, 1])
      #expect(
        PushActions.queries(for: [
          EvaluatedEvent(room: room, streamOrdering: 2, push: EventPush(), reader: nil)
        ]).isEmpty)
    }
  }
}
