import Executors
import Postgres
import TestKit
import Testing

@testable import Streams

@Suite struct LockTests {
  static let long = Duration.seconds(20)
  /// Of a lock's time; far from its end for whoever is slow here.
  private static let little = Duration.seconds(5)

  static func store(_ database: Database, _ key: String = "!a:x") -> LockStore {
    LockStore(
      name: .roomHistory, key: key, token: .random(in: 1 ... .max), database: database)
  }

  static func with(
    _ body: @Sendable (_ one: Database, _ two: Database) async throws -> Void
  ) async throws {
    try await TestPostgres.withFreshDatabase(migrations: StreamsSchema.migrations) { base in
      try await TestPostgres.with(base) { one in
        try await TestPostgres.with(base) { two in try await body(one, two) }
      }
    }
  }

  /// Lets the time pass until so much is left of every lock that waits, or is held.
  private static func leave(
    _ time: Duration, waiting: Bool = false, _ database: Database
  ) async throws {
    let statement = Statement(
      "test_leave",
      """
      UPDATE worker_locks SET expires_at = clock_timestamp() + make_interval(secs => $1)
      WHERE waiting = $2
      """)
    _ = try await database.query(statement, [.double(time / .seconds(1)), .bool(waiting)])
  }

  private static func timeLeft(_ database: Database) async throws -> Duration {
    let statement = Statement(
      "test_time_left",
      """
      SELECT (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::bigint
      FROM worker_locks
      """)
    return .milliseconds(try #require(try await database.query(statement).int(0, 0)))
  }

  @Test func manyShareALockAndOneHoldsItAlone() async throws {
    try await Self.with { one, two in
      let (first, second, alone) = (Self.store(one), Self.store(two), Self.store(two))
      #expect(try await first.acquire(.shared, lease: Self.long))
      #expect(try await second.acquire(.shared, lease: Self.long))
      #expect(try await !alone.acquire(.exclusive, lease: Self.long))
      try await first.release()
      #expect(try await !alone.acquire(.exclusive, lease: Self.long))
      try await second.release()
      #expect(try await alone.acquire(.exclusive, lease: Self.long))
      #expect(try await !first.acquire(.shared, lease: Self.long))
      #expect(try await !first.acquire(.exclusive, lease: Self.long))
      let elsewhere = Self.store(one, "!b:x")
      #expect(try await elsewhere.acquire(.exclusive, lease: Self.long))
    }
  }

  /// Else those who share it could keep it for ever, one after the other.
  @Test func whoWaitsToBeAloneIsNotOvertaken() async throws {
    try await Self.with { one, two in
      let (first, second, alone) = (Self.store(one), Self.store(one), Self.store(two))
      #expect(try await first.acquire(.shared, lease: Self.long))
      #expect(try await !alone.acquire(.exclusive, lease: Self.long))
      #expect(try await !second.acquire(.shared, lease: Self.long))
      // Unless it has died.
      try await Self.leave(.zero, waiting: true, one)
      #expect(try await second.acquire(.shared, lease: Self.long))
    }
  }

  /// The holder stops for longer than its lease, then tries to write.
  @Test func aPausedHolderCannotWriteWhenItComesBack() async throws {
    try await Self.with { one, two in
      let (paused, next) = (Self.store(one), Self.store(two))
      #expect(try await paused.acquire(.exclusive, lease: Self.long))
      try await one.transaction { _ = try await $0.queryAll([paused.fence()]) }
      try await Self.leave(.zero, one)
      #expect(try await next.acquire(.exclusive, lease: Self.long))
      await #expect(throws: PostgresError.self) {
        try await one.transaction { _ = try await $0.queryAll([paused.fence()]) }
      }
      #expect(try await !paused.renew(lease: Self.long))
      try await two.transaction { _ = try await $0.queryAll([next.fence()]) }
    }
  }

  /// What passed the fence may end before somebody else gets the lock.
  @Test func aTransactionUnderTheLockIsWaitedFor() async throws {
    try await Self.with { one, two in
      let (slow, next) = (Self.store(one), Self.store(two))
      #expect(try await slow.acquire(.exclusive, lease: .zero))
      try await one.transaction { transaction in
        _ = try await transaction.queryAll([slow.fence()])
        let granted = try await next.acquire(.exclusive, lease: Self.long)
        #expect(!granted)
        // The renewal does not wait for the transaction.
        let renewed = try await slow.renew(lease: .zero)
        #expect(renewed)
      }
      #expect(try await next.acquire(.exclusive, lease: Self.long))
    }
  }

  @Test func aLockIsHeldForAsLongAsItsBodyRuns() async throws {
    try await Self.with { one, two in
      let timing = LockTiming(renewal: .milliseconds(20))
      let (locks, others) = (
        WorkerLocks(database: one, timing: timing), WorkerLocks(database: two, timing: timing)
      )
      let value = try await locks.withLock(.roomHistory, "!a:x", .exclusive, patience: .zero) {
        held in
        try await one.transaction { _ = try await $0.queryAll([held.fence()]) }
        for _ in 0..<3 {
          try await Self.leave(Self.little, one)
          try await eventually { try await Self.timeLeft(one) > Self.little }
        }
        await #expect(throws: LockError.busy) {
          try await others.withLock(.roomHistory, "!a:x", .shared, patience: .zero) { _ in }
        }
        return 7
      }
      #expect(value == 7)
      try await others.withLock(.roomHistory, "!a:x", .exclusive, patience: .zero) { _ in }
    }
  }

  @Test func aBodyIsCalledOffWhenTheLockIsLost() async throws {
    try await Self.with { one, _ in
      let locks = WorkerLocks(
        database: one, timing: LockTiming(renewal: .milliseconds(20)))
      await #expect(throws: LockError.lost) {
        try await locks.withLock(.roomHistory, "!a:x", .exclusive, patience: .zero) { _ in
          try await one.runScript("DELETE FROM worker_locks")
          try await Task.sleep(for: .seconds(3600))
        }
      }
    }
  }

  /// A counter that only the lock protects.
  @Test func holdersTakeTurns() async throws {
    try await Self.with { one, two in
      let inside = Locked((now: 0, most: 0))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for database in [one, two] {
          for _ in 0..<5 {
            group.addTask {
              try await WorkerLocks(database: database).withLock(
                .roomHistory, "!a:x", .exclusive, patience: .seconds(20)
              ) { _ in
                inside.withLock { inside in
                  inside.now += 1
                  inside.most = max(inside.most, inside.now)
                }
                await Task.yield()
                inside.withLock { $0.now -= 1 }
              }
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(inside.withLock { $0.most } == 1)
    }
  }
}
