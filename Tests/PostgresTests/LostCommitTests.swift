import Executors
import TestKit
import Testing

@testable import Postgres

/// A COMMIT that takes long, by a deferred trigger that sleeps, is cut off in its middle.
@Suite struct LostCommitTests {
  static let schema = [
    Migration(
      number: 1, name: "slow commits",
      sql: """
        CREATE TABLE slow (n bigint PRIMARY KEY, seconds double precision);
        CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(NEW.seconds); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER doze AFTER INSERT ON slow
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION doze();
        """)
  ]
  static let insert = Statement("insert", "INSERT INTO slow VALUES ($1, $2)")
  static let count = Statement("count", "SELECT count(*) FROM slow")
  static let dozing = Statement(
    "dozing",
    """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND query = 'COMMIT' AND wait_event = 'PgSleep'
    """)
  static let terminate = Statement("terminate", "SELECT pg_terminate_backend($1::int)")

  static func dozingBackend(_ database: Database) async throws -> Int64 {
    let found = Locked<Int64?>(nil)
    try await eventually {
      let pid = try await database.query(dozing).int(0, 0)
      found.withLock { $0 = pid }
      return pid != nil
    }
    return found.withLock { $0 } ?? 0
  }

  @Test func anInterruptedCommitIsReportedAsAborted() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      async let outcome = OutageTests.kindOfFailure {
        try await database.transaction { transaction in
          try await transaction.query(Self.insert, [.int(1), .double(60)])
        }
      }
      let pid = try await Self.dozingBackend(database)
      _ = try await database.query(Self.terminate, [.int(pid)])
      #expect(await outcome == .unavailable)
      #expect(try await database.query(Self.count).int(0, 0) == 0)
    }
  }

  @Test func aCommitThatWentThroughIsReportedAsDone() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      let handle = Waiter<Transaction?>()
      async let result = database.transaction { transaction in
        handle.resolve(transaction)
        return try await transaction.commit(with: [Query(Self.insert, [.int(1), .double(0.5)])])
      }
      _ = try await Self.dozingBackend(database)
      await handle.value(ifCancelled: nil)?.cutConnection()
      guard case .answersLost = try await result else {
        Issue.record("the connection was not cut")
        return
      }
      #expect(try await database.query(Self.count).int(0, 0) == 1)
    }
  }

  @Test func anImplicitCommitThatWentThroughReturnsTheValue() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      let handle = Waiter<Transaction?>()
      let tries = Locked(0)
      async let result = database.transaction { transaction in
        tries.withLock { $0 += 1 }
        handle.resolve(transaction)
        _ = try await transaction.query(Self.insert, [.int(1), .double(0.5)])
        return "done"
      }
      _ = try await Self.dozingBackend(database)
      await handle.value(ifCancelled: nil)?.cutConnection()
      #expect(try await result == "done")
      #expect(tries.withLock { $0 } == 1)
      #expect(try await database.query(Self.count).int(0, 0) == 1)
    }
  }

  @Test func aConnectionLostBeforeCommitIsUnavailable() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      let kind = await OutageTests.kindOfFailure {
        try await database.transaction { transaction in
          _ = try await transaction.query(Self.insert, [.int(1), .double(0)])
          await transaction.cutConnection()
          return try await transaction.query(Self.count)
        }
      }
      #expect(kind == .unavailable)
      let count = try await database.query(Self.count).int(0, 0)
      #expect(count == 0)
    }
  }

  /// After a crash the server gives the ids of lost transactions out again.
  @Test func aReusedTransactionIDIsNotMistaken() async throws {
    try await TestPostgres.withOwnCluster(settings: TestSettings(shared: 1)) {
      cluster, database in
      try await database.runScript("CREATE TABLE t (n bigint); CHECKPOINT")
      let take = Statement("take", "SELECT pg_current_xact_id()")
      let lost = Locked<(id: Int64, opening: Checkpoint?)>((0, nil))
      try? await database.transaction { transaction in
        let id = try await transaction.query(take).int(0, 0)
        lost.withLock { $0 = (id ?? 0, transaction.wire.checkpoint) }
        try await cluster.restart(.immediate)
      }
      let (id, opening) = lost.withLock { $0 }
      let insert = Statement("insert", "INSERT INTO t VALUES (1) RETURNING pg_current_xact_id()")
      try await eventually {
        (try? await database.query(insert).int(0, 0) ?? 0) ?? 0 >= id
      }
      let status = Statement("status", "SELECT pg_xact_status($1::text::xid8)")
      let resolver = CommitResolver(database: database)
      #expect(opening != nil)
      for _ in 0..<2 {
        let rows = try await database.query(status, [.text(String(id))])
        #expect(rows.text(0, 0) == "committed")
        #expect(await resolver.outcome(of: id, openedAt: opening) == .aborted)
        // Once more, with a checkpoint in between that knows the id.
        try await database.runScript("CHECKPOINT")
        try await cluster.restart(.immediate)
      }
    }
  }

  @Test func anIDOfTheFutureIsAborted() async throws {
    try await TestPostgres.withDatabase { database in
      let resolver = CommitResolver(database: database)
      #expect(await resolver.outcome(of: 1 << 30, openedAt: nil) == .aborted)
    }
  }
}

extension Transaction {
  /// As when the network drops the connection.
  func cutConnection() async {
    await withCheckedContinuation { continuation in
      context.onLoop {
        self.wire.close()
        continuation.resume()
      }
    }
  }
}

@Suite struct CheckpointHistoryTests {
  @Test func anIDIsLostWhenARestartDidNotKnowIt() {
    let history = CheckpointHistory()
    let opening = Checkpoint(position: 100, isRestart: true, nextTransactionID: 50)
    history.note(opening)
    #expect(!history.hasLost(60, openedAt: opening))
    // Ordinary checkpoints prove nothing: they may have begun before the id was given out.
    history.note(Checkpoint(position: 200, isRestart: false, nextTransactionID: 55))
    #expect(!history.hasLost(60, openedAt: opening))
    history.note(Checkpoint(position: 300, isRestart: true, nextTransactionID: 58))
    #expect(history.hasLost(60, openedAt: opening))
    #expect(!history.hasLost(57, openedAt: opening))
    // A later restart that knows the id, because it was given out again, changes nothing.
    history.note(Checkpoint(position: 400, isRestart: true, nextTransactionID: 70))
    #expect(history.hasLost(60, openedAt: opening))
    let later = Checkpoint(position: 350, isRestart: false, nextTransactionID: 61)
    #expect(!history.hasLost(62, openedAt: later))
  }
}
