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
      try await Self.writeWhile(database) { ledger in
        for _ in 0..<4 {
          let reached = ledger.count + 20
          try await eventually { ledger.count > reached }
          try await cluster.restart(.immediate)
        }
      }
    }
  }

  @Test func whatWasAcknowledgedSurvivesLostConnections() async throws {
    try await TestPostgres.withDatabase { database in
      let terminate = Statement(
        "terminate",
        """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND (pid + $1) % 3 = 0
        """)
      try await Self.writeWhile(database) { ledger in
        for round in 0..<30 as Range<Int64> {
          let reached = ledger.count + 5
          try await eventually(every: .milliseconds(1)) { ledger.count > reached }
          _ = try? await database.query(terminate, [.int(round)])
        }
      }
    }
  }

  /// Writes numbers in four tasks while `disturbance` runs, then compares what is stored with
  /// what was acknowledged: they must be equal.
  static func writeWhile(
    _ database: Database, _ disturbance: @escaping @Sendable (Ledger) async throws -> Void
  ) async throws {
    try await database.runScript("CREATE TABLE log (n bigint PRIMARY KEY)")
    let ledger = Ledger()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          while let number = ledger.next() {
            do {
              try await database.transaction { transaction in
                _ = try await transaction.query(echo, [.int(number)])
                try await transaction.commit(with: [Query(insert, [.int(number)])])
              }
              ledger.note(number, nil)
            } catch {
              ledger.note(number, (error as? PostgresError)?.kind ?? .other)
            }
          }
        }
      }
      do { try await disturbance(ledger) } catch { Issue.record(error) }
      ledger.close()
    }
    let rows = try await database.query(Statement("all", "SELECT n FROM log"))
    let stored = Set((0..<rows.count).compactMap { rows.int($0, 0) })
    let acknowledged = ledger.acknowledged
    #expect(acknowledged.subtracting(stored).sorted() == [])
    #expect(stored.subtracting(acknowledged).sorted() == [])
    #expect(ledger.refusals.allSatisfy { $0 == .unavailable })
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
      let sessions = Statement(
        "sessions", "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
      try await eventually { try await database.query(sessions).int(0, 0) == 3 }
      #expect(try await database.query(kill).int(0, 0) == 2)
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

/// What writers were told about the numbers they wrote.
final class Ledger: Sendable {
  private struct State {
    var last: Int64? = 0
    var acknowledged: Set<Int64> = []
    var refusals: [PostgresError.Kind] = []
  }

  private let state = Locked(State())

  /// A new number to write; nil once the ledger is closed.
  func next() -> Int64? {
    state.withLock { state in
      state.last = state.last.map { $0 + 1 }
      return state.last
    }
  }

  func note(_ number: Int64, _ refusal: PostgresError.Kind?) {
    state.withLock { state in
      if let refusal { state.refusals.append(refusal) } else { state.acknowledged.insert(number) }
    }
  }

  func close() {
    state.withLock { $0.last = nil }
  }

  var count: Int { state.withLock { $0.acknowledged.count } }
  var acknowledged: Set<Int64> { state.withLock { $0.acknowledged } }
  var refusals: [PostgresError.Kind] { state.withLock { $0.refusals } }
}
