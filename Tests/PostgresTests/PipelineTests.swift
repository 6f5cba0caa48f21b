import Postgres
import TestKit
import Testing

@Suite struct PipelineTests {
  static let echo = Statement("echo", "SELECT $1::bigint, repeat('x', ($1 % 5000)::int)")
  static let divide = Statement("divide", "SELECT 100 / $1::bigint")

  @Test func everyAnswerBelongsToItsQuestion() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(shared: 2)) { database in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<1000 as Range<Int64> {
          group.addTask {
            let rows = try await database.query(Self.echo, [.int(number)])
            return rows.int(0, 0) == number && rows.text(0, 1)?.utf8.count == Int(number % 5000)
          }
        }
        for try await isRight in group { #expect(isRight) }
      }
    }
  }

  @Test func anErrorStaysWithItsStatement() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(shared: 1)) { database in
      let failures = await withTaskGroup(of: Int64?.self, returning: [Int64].self) { group in
        for number in 0..<100 as Range<Int64> {
          group.addTask {
            let divisor = number % 10
            do {
              let rows = try await database.query(Self.divide, [.int(divisor)])
              return rows.int(0, 0) == 100 / divisor ? nil : -1
            } catch {
              return divisor == 0 ? nil : number
            }
          }
        }
        return await group.reduce(into: []) { list, failure in
          if let failure { list.append(failure) }
        }
      }
      #expect(failures == [])
    }
  }

  @Test func aBatchIsAllOrNothing() async throws {
    try await TestPostgres.withDatabase { database in
      _ = try await database.query(Statement("make", "CREATE TABLE t (n bigint PRIMARY KEY)"))
      let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
      let error = await #expect(throws: PostgresError.self) {
        try await database.queryAll([
          Query(insert, [.int(1)]), Query(insert, [.int(2)]), Query(insert, [.int(1)]),
          Query(Self.divide, [.int(1)]),
        ])
      }
      #expect(error?.kind == .uniqueViolation)
      let count = Statement("count", "SELECT count(*) FROM t")
      #expect(try await database.query(count).int(0, 0) == 0)
      let rows = try await database.queryAll([
        Query(insert, [.int(1)]), Query(insert, [.int(2)]), Query(count),
      ])
      #expect(rows.map(\.affectedRows) == [1, 1, 1])
      #expect(rows[2].int(0, 0) == 2)
      #expect(try await database.queryAll([]).isEmpty)
    }
  }

  @Test func aStatementThatCouldNotBePreparedIsTriedAgain() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(shared: 1)) { database in
      let count = Statement("count", "SELECT count(*) FROM later")
      for _ in 0..<2 {
        let error = await #expect(throws: PostgresError.self) {
          try await database.query(count)
        }
        #expect(error?.sqlState == "42P01")
        #expect(error?.statement == "count")
      }
      _ = try await database.query(Statement("make", "CREATE TABLE later (n bigint)"))
      #expect(try await database.query(count).int(0, 0) == 0)
    }
  }

  @Test func aFailedStatementDoesNotUnprepareThoseBehindIt() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(shared: 1)) { database in
      async let failing = OutageTests.kindOfFailure {
        try await database.queryAll([
          Query(Self.divide, [.int(0)]), Query(Self.echo, [.int(1)]),
        ])[0]
      }
      async let fine = database.query(Self.echo, [.int(2)])
      #expect(await failing == .other)
      for rows in [try await fine, try await database.query(Self.echo, [.int(3)])] {
        #expect(rows.count == 1)
      }
    }
  }

  @Test func aNameStandsForOneStatement() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(shared: 1)) { database in
      _ = try await database.query(Self.echo, [.int(1)])
      let misuses: [(Statement, [Bind])] = [
        (Self.echo, [.text("1")]), (Self.echo, []),
        (Statement("echo", "SELECT 1::bigint"), [.int(1)]),
        (Statement(String(repeating: "n", count: 64), "SELECT 1"), []),
      ]
      for (statement, binds) in misuses {
        let error = await #expect(throws: PostgresError.self) {
          try await database.query(statement, binds)
        }
        #expect(error?.kind == .other)
      }
      #expect(try await database.query(Self.echo, [.int(2)]).int(0, 0) == 2)
    }
  }

  @Test func largeBatchesFlowBothWays() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(shared: 1)) { database in
      let reverse = Statement("reverse", "SELECT $1::bytea, $2::bigint")
      let block = [UInt8](repeating: 1, count: 1 << 20)
      let batch = (0..<24).map { Query(reverse, [.bytes(block), .int(Int64($0))]) }
      let rows = try await database.queryAll(batch)
      #expect(rows.map { $0.int(0, 1) } == (0..<24).map { Int64($0) })
      #expect(rows.allSatisfy { $0.bytes(0, 0) == block })
    }
  }
}
