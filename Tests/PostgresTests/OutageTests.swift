import Executors
import Postgres
import TestKit
import Testing

@Suite struct OutageTests {
  static let echo = PipelineTests.echo
  static let insert = Statement("insert", "INSERT INTO log (n) VALUES ($1)")
  static let pid = TransactionTests.pid

  @Test func readersDoNotNoticeARestart() async throws {
    try await TestPostgres.withOwnCluster { cluster, database in
      let restarted = Locked(false)
      let reads = try await withThrowingTaskGroup(of: Int64.self, returning: Int64.self) { group in
        for reader in 0..<20 as Range<Int64> {
          group.addTask {
            var reads: Int64 = 0
            while !restarted.withLock({ $0 }) || reads == 0 {
              let rows = try await database.query(Self.echo, [.int(reader)])
              #expect(rows.int(0, 0) == reader)
              reads += 1
            }
            return reads
          }
        }
        try await cluster.restart(.immediate)
        _ = try await database.query(Self.echo, [.int(0)])
        restarted.withLock { $0 = true }
        return try await group.reduce(0, +)
      }
      #expect(reads >= 20)
    }
  }

  @Test func whatWasAcknowledgedSurvivesARestart() async throws {
    try await TestPostgres.withOwnCluster { cluster, database in
      try await database.runScript("CREATE TABLE log (n bigint PRIMARY KEY)")
      let restarted = Locked(false)
      let acknowledged = Locked<Set<Int64>>([])
      let refused = Locked<[PostgresError.Kind]>([])
      let next = Locked<Int64>(0)
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            while !restarted.withLock({ $0 }) {
              let number = next.withLock { next in
                next += 1
                return next
              }
              do {
                try await database.transaction { transaction in
                  try await transaction.commit(with: [Query(Self.insert, [.int(number)])])
                }
                acknowledged.withLock { _ = $0.insert(number) }
              } catch {
                let kind = (error as? PostgresError)?.kind ?? .other
                refused.withLock { $0.append(kind) }
              }
            }
          }
        }
        for _ in 0..<2 {
          let reached = next.withLock { $0 } + 20
          try? await eventually { next.withLock { $0 } > reached }
          try? await cluster.restart(.immediate)
        }
        restarted.withLock { $0 = true }
      }
      let rows = try await database.query(Statement("all", "SELECT n FROM log"))
      let stored = Set((0..<rows.count).compactMap { rows.int($0, 0) })
      #expect(stored == acknowledged.withLock { $0 })
      #expect(refused.withLock { $0 }.allSatisfy { $0 == .unavailable })
    }
  }

  @Test func aLongOutageFailsFastAndEnds() async throws {
    try await TestPostgres.withOwnCluster { cluster, database in
      try await cluster.stop(.immediate)
      let clock = ContinuousClock()
      let attempt: @Sendable () async -> (PostgresError.Kind?, PostgresError.Kind?) = {
        async let read = Self.kindOfFailure { try await database.query(Self.echo, [.int(1)]) }
        async let write = Self.kindOfFailure {
          try await database.transaction { try await $0.query(Self.pid) }
        }
        return await (read, write)
      }
      let (read, write) = await attempt()
      #expect(read == .unavailable)
      #expect(write == .unavailable)
      let took = await clock.measure {
        for _ in 0..<10 { _ = await attempt() }
      }
      #expect(took < .seconds(1))
      try await cluster.startAgain()
      try await eventually { await attempt() == (nil, nil) }
    }
  }

  @Test func aLostConnectionIsReplaced() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(shared: 2, exclusive: 1)) {
      database in
      let kill = Statement(
        "kill",
        """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
        """, repeatable: false)
      let before = try await database.transaction { try await $0.query(Self.pid).int(0, 0) }
      #expect((try await database.query(kill).int(0, 0) ?? 0) == 2)
      try await eventually {
        let after = try? await database.transaction { try await $0.query(Self.pid).int(0, 0) }
        return after != nil && after != before
      }
      for number in 0..<10 as Range<Int64> {
        #expect(try await database.query(Self.echo, [.int(number)]).int(0, 0) == number)
      }
    }
  }

  @Test func aSilentServerIsGivenUp() async throws {
    try await TestPostgres.withDatabase(
      settings: TestSettings(
        shared: 1, statementTimeout: .milliseconds(200), answerSlack: .milliseconds(300))
    ) { database in
      guard let pid = try await database.query(Self.pid).int(0, 0) else {
        Issue.record("no process id")
        return
      }
      Subprocess.suspend(pid)
      defer { Subprocess.resume(pid) }
      let other = try await database.query(Self.pid).int(0, 0)
      #expect(other != nil)
      #expect(other != pid)
    }
  }

  static func kindOfFailure(
    _ work: @Sendable () async throws -> Rows
  ) async -> PostgresError.Kind? {
    do {
      _ = try await work()
      return nil
    } catch {
      return (error as? PostgresError)?.kind ?? .other
    }
  }
}
