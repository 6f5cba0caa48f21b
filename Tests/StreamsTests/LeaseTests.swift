import Executors
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Streams

@Suite struct LeaseTests {
  static func lease(
    _ database: Database, _ name: String = "writer", timing: StreamTiming = StreamTiming()
  ) async throws -> WriterLease {
    WriterLease(
      stream: .events, writer: try await InstanceRegistry.register(name, on: database),
      workerName: name, database: database, timing: timing, logger: TestPostgres.logger)
  }

  /// Whether a transaction passes the fence and commits.
  static func passes(_ lease: WriterLease, _ database: Database) async throws -> Bool {
    do {
      try await database.transaction { _ = try await $0.queryAll([lease.fence()]) }
      return true
    } catch let error as PostgresError where error.kind == .fenced {
      return false
    }
  }

  /// Lets the time pass until so much of the lease is left.
  private static func leave(_ time: Duration, _ database: Database) async throws {
    let statement = Statement(
      "test_leave",
      "UPDATE writer_leases SET expires_at = clock_timestamp() + make_interval(secs => $1)")
    _ = try await database.query(statement, [.double(time / .seconds(1))])
  }

  private static func timeLeft(_ database: Database) async throws -> Duration {
    let statement = Statement(
      "test_time_left",
      """
      SELECT (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::bigint
      FROM writer_leases
      """)
    return .milliseconds(try #require(try await database.query(statement).int(0, 0)))
  }

  /// Another one would mean that the lease had run out and was taken again.
  private static func epoch(_ database: Database) async throws -> Int64? {
    try await database.query(Statement("test_epoch", "SELECT epoch FROM writer_leases")).int(0, 0)
  }

  @Test func aNameKeepsItsNumber() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      let first = try await InstanceRegistry.register("a", on: database)
      let second = try await InstanceRegistry.register("b", on: database)
      #expect(first != second)
      #expect(try await InstanceRegistry.register("a", on: database) == first)
      let ids = try await withThrowingTaskGroup(of: WriterID.self) { group in
        for _ in 0..<20 {
          group.addTask { try await InstanceRegistry.register("c", on: database) }
        }
        return try await group.reduce(into: Set<WriterID>()) { $0.insert($1) }
      }
      #expect(ids.count == 1)
    }
  }

  @Test func onlyAHeldLeasePassesTheFence() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      let lease = try await Self.lease(database)
      #expect(try await !Self.passes(lease, database))
      try await lease.acquire()
      #expect(try await Self.passes(lease, database))
      try await lease.release()
      #expect(try await !Self.passes(lease, database))
      // It does not come back by itself.
      try await lease.run()
      #expect(await !lease.reacquire())
      #expect(try await !Self.passes(lease, database))
      let next = try await Self.lease(database)
      try await next.acquire()
      #expect(try await Self.passes(next, database))
    }
  }

  /// A process that was paused past its lease cannot commit, and goes on with a new epoch.
  @Test func anExpiredLeaseIsRefusedUntilItIsTakenAgain() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      let lease = try await Self.lease(database)
      try await lease.acquire()
      try await Self.leave(.zero, database)
      #expect(try await !Self.passes(lease, database))
      #expect(await lease.reacquire())
      #expect(try await Self.passes(lease, database))
    }
  }

  @Test func theRunningLeaseIsRenewed() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      var timing = StreamTiming()
      timing.leaseRenewal = .milliseconds(20)
      let lease = try await Self.lease(database, timing: timing)
      try await lease.acquire()
      // As after most of the lease's time; it is far from its end for whoever is slow here.
      let left = Duration.seconds(5)
      let taken = try await Self.epoch(database)
      try await Self.leave(left, database)
      #expect(try await Self.timeLeft(database) <= left)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await lease.run() }
        for _ in 0..<3 {
          try await Self.leave(left, database)
          try await eventually { try await Self.timeLeft(database) > left }
        }
        #expect(try await Self.passes(lease, database))
        #expect(try await Self.epoch(database) == taken)
        group.cancelAll()
      }
    }
  }

  @Test func anotherProcessOfTheSameNameTakesOver() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      var timing = StreamTiming()
      timing.leaseRenewal = .milliseconds(20)
      let old = try await Self.lease(database, timing: timing)
      try await old.acquire()
      let new = try await Self.lease(database)
      try await new.acquire()
      #expect(try await !Self.passes(old, database))
      #expect(try await Self.passes(new, database))
      await #expect(throws: LeaseError.takenOver(workerName: "writer", stream: .events)) {
        try await old.run()
      }
      #expect(await !old.reacquire())
      #expect(try await !Self.passes(old, database))
      #expect(try await Self.passes(new, database))
    }
  }

  @Test func leasesOfDifferentWritersAreIndependent() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      let first = try await Self.lease(database, "first")
      let second = try await Self.lease(database, "second")
      try await first.acquire()
      #expect(try await !Self.passes(second, database))
      try await second.acquire()
      #expect(try await Self.passes(first, database))
      #expect(try await Self.passes(second, database))
    }
  }

  /// Rows of the old process's transaction are before the position where the new one starts.
  @Test func takingOverWaitsForTheTransactionUnderWay() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      let old = try await Self.lease(database)
      try await old.acquire()
      let new = try await Self.lease(database)
      let started = Mutex<Int64?>(nil)
      new.onAcquire { position in started.withLock { $0 = position } }
      let began = Waiter<Void>()
      async let drawn = database.transaction { transaction in
        _ = try await transaction.queryAll([old.fence()])
        began.resolve(())
        try await eventually { try await Self.waiters(database) == 1 }
        #expect(started.withLock { $0 } == nil)
        return try await transaction.query(TestRows.draw, [.int(1)]).int(0, 0)
      }
      await began.value(ifCancelled: ())
      try await new.acquire()
      #expect(try await drawn == 1)
      #expect(started.withLock { $0 } == 1)
      #expect(try await !Self.passes(old, database))
    }
  }

  static func waiters(_ database: Database) async throws -> Int64? {
    let statement = Statement(
      "test_waiters",
      """
      SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()
      """)
    return try await database.query(statement).int(0, 0)
  }

  /// Positions need no gaps to be minded, because a writer commits one batch at a time.
  @Test func transactionsOfOneWriterQueueUp() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      let lease = try await Self.lease(database)
      try await lease.acquire()
      let began = Waiter<Void>()
      async let first: Void = database.transaction { transaction in
        _ = try await transaction.queryAll([lease.fence()])
        began.resolve(())
        try await eventually { try await Self.waiters(database) == 1 }
        #expect(try await lease.settle() == nil)
      }
      await began.value(ifCancelled: ())
      #expect(try await Self.passes(lease, database))
      try await first
      #expect(try await lease.settle() != nil)
    }
  }

  /// With an older snapshot the fence would not see that the lease was taken.
  @Test func onlyReadCommittedTransactionsPass() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      let lease = try await Self.lease(database)
      try await lease.acquire()
      await #expect(throws: PostgresError.self) {
        try await database.transaction(TransactionOptions(isolation: .repeatableRead)) {
          _ = try await $0.queryAll([lease.fence()])
        }
      }
    }
  }

  @Test func anIdleWriterMovesUpToTheSequence() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      let lease = try await Self.lease(database)
      #expect(try await lease.settle() == nil)
      try await lease.acquire()
      #expect(try await lease.settle() == 0)
      _ = try await database.query(TestRows.draw, [.int(7)])
      #expect(try await lease.settle() == 7)
      let other = try await Self.lease(database)
      try await other.acquire()
      _ = try await database.query(TestRows.draw, [.int(1)])
      #expect(try await lease.settle() == nil)
    }
  }
}
