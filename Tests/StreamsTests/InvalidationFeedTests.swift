import Executors
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Streams

/// The keys that a node was told to drop.
private final class Dropped: Sendable {
  private let keys = Mutex<[String]>([])
  var all: [String] { keys.withLock { $0 } }

  init(_ node: TestNode) {
    node.hub.invalidations.onInvalidate(.accessTokens) { given in
      self.keys.withLock { $0 += given ?? ["everything"] }
    }
  }
}

@Suite struct InvalidationFeedTests {
  private static let later = ["late", "later", "latest"]

  static func record(_ keys: String..., on database: any Querying) async throws {
    let query = InvalidationFeed.statement(.accessTokens, keys)
    _ = try await database.query(query.statement, query.binds)
  }

  @Test func announcementsAreHeardEverywhere() async throws {
    try await withTwoNodes(timing: TestNode.slow) { first, second, _ in
      let dropped = [Dropped(first), Dropped(second)]
      first.hub.invalidations.announce(.accessTokens, ["a", "b"])
      #expect(dropped.allSatisfy { Set($0.all) == ["a", "b"] })
    }
  }

  @Test func recordedInvalidationsAreFoundWithoutMessages() async throws {
    try await withTwoNodes { first, second, network in
      let dropped = [Dropped(first), Dropped(second)]
      network.lose(true)
      try await Self.record("a", on: first.database)
      for each in dropped { try await eventually { each.all == ["a"] } }
    }
  }

  /// Ids are drawn before the commit: the lower one becomes visible after the higher one.
  @Test func rowsCommittedOutOfOrderAreAllSeen() async throws {
    try await withTwoNodes { first, second, _ in
      let dropped = Dropped(second)
      try await first.database.transaction { transaction in
        try await Self.record("early", on: transaction)
        // Each is found by a later poll than the one before, while the first is under way.
        for late in Self.later {
          try await Self.record(late, on: first.database)
          try await eventually { dropped.all.last == late }
        }
      }
      try await eventually { dropped.all.count > Self.later.count }
      #expect(dropped.all == Self.later + ["early"])
    }
  }

  @Test func rolledBackInvalidationsAreNeverSeen() async throws {
    struct Stop: Error {}
    try await withTwoNodes { first, second, _ in
      let dropped = Dropped(second)
      await #expect(throws: Stop.self) {
        try await first.database.transaction { transaction in
          try await Self.record("undone", on: transaction)
          throw Stop()
        }
      }
      try await Self.record("done", on: first.database)
      try await eventually { !dropped.all.isEmpty }
      #expect(dropped.all == ["done"])
    }
  }

  @Test func manyRowsArePagedThrough() async throws {
    try await withTwoNodes { first, second, _ in
      let dropped = Dropped(second)
      let fill = Statement(
        "test_fill",
        """
        INSERT INTO cache_invalidations (cache, keys)
        SELECT 'access_tokens', ARRAY[n::text] FROM generate_series(1, $1) AS n
        """)
      let count = InvalidationMachine.pageLimit * 2 + 500
      _ = try await first.database.query(fill, [.int(Int64(count))])
      try await eventually { dropped.all.count >= count }
      #expect(dropped.all == (1...count).map { String($0) })
    }
  }

  @Test func oldRowsArePruned() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      try await Self.record("old", on: database)
      try await database.runScript(
        "UPDATE cache_invalidations SET at = at - interval '2 hours'")
      try await Self.record("new", on: database)
      let housekeeping = StreamsHousekeeping(database: database, logger: TestPostgres.logger)
      try await housekeeping.pruneInvalidations()
      let count = Statement("test_count", "SELECT keys FROM cache_invalidations")
      let rows = try await database.query(count)
      #expect((0..<rows.count).compactMap { rows.texts($0, 0) } == [["new"]])
    }
  }
}
