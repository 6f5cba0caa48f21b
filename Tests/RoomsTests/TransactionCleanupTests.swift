import Postgres
import TestKit
import Testing

@testable import Rooms

@Suite struct TransactionCleanupTests {
  @Test func transactionsAreForgottenAfterTwoDaysAFewAtATime() async throws {
    try await TestPostgres.withDatabase(migrations: World.migrations) { database in
      let hour: Int64 = 3_600_000
      try await database.runScript(
        """
        INSERT INTO event_txn_ids (user_id, device_id, room_id, txn_id, endpoint, event_id,
          created_at)
        SELECT '@a:x', 'D', '!r:x', n, 'm.room.message', '$' || n, n * \(hour) FROM generate_series(1, 10) AS n
        """)
      func remove() async throws -> Int {
        try await TransactionCleanup.remove(now: 55 * hour, limit: 4, on: database)
      }
      // Those of the hours 1 to 6.
      #expect(try await remove() == 4)
      #expect(try await remove() == 2)
      #expect(try await remove() == 0)
      let left = try await database.query(
        Statement("test_left", "SELECT min(created_at), count(*) FROM event_txn_ids"))
      #expect(left.int(0, 0) == 7 * hour && left.int(0, 1) == 4)
    }
  }
}
