import Postgres
import TestKit
import Testing

@Suite struct ErrorTests {
  @Test func aUniqueViolationNamesItsConstraint() async throws {
    try await TestPostgres.withDatabase { database in
      _ = try await database.query(
        Statement("make", "CREATE TABLE t (n text CONSTRAINT one_of_a_kind UNIQUE)"))
      let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
      _ = try await database.query(insert, [.text("sesame")])
      let error = await #expect(throws: PostgresError.self) {
        try await database.query(insert, [.text("sesame")])
      }
      #expect(error?.kind == .uniqueViolation)
      #expect(error?.sqlState == "23505")
      #expect(error?.constraint == "one_of_a_kind")
      #expect(error?.statement == "insert")
      #expect(error?.description.contains("sesame") == false)
    }
  }

  static let quoting: [(String, String, Bind)] = [
    ("as_integer", "SELECT $1::bigint", .text("sesame")),
    ("as_json", "SELECT $1::jsonb IS NULL", .text("{sesame}")),
    ("as_date", "SELECT ($1::date)::text", .text("sesame")),
    ("nul", "SELECT $1::text", .text("sesame\u{0}")),
  ]

  @Test(arguments: quoting.indices)
  func errorsNeverQuoteValues(index: Int) async throws {
    let (name, sql, bind) = Self.quoting[index]
    // Given as text and cast inside, so that the server meets the value while it runs.
    let statement = Statement(name, sql.replacing("$1", with: "($1::text)"))
    try await TestPostgres.withDatabase { database in
      let error = await #expect(throws: PostgresError.self) {
        try await database.query(statement, [bind])
      }
      #expect(error?.sqlState?.hasPrefix("22") == true)
      #expect(error?.description.contains("sesame") == false)
    }
  }

  @Test func aFenceIsRecognised() async throws {
    try await TestPostgres.withDatabase { database in
      _ = try await database.query(
        Statement(
          "make",
          """
          CREATE FUNCTION shut() RETURNS void LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'lease lost' USING ERRCODE = 'AP001'; END $$
          """))
      let error = await #expect(throws: PostgresError.self) {
        try await database.query(Statement("shut", "SELECT shut()"))
      }
      #expect(error?.kind == .fenced)
    }
  }

  @Test func aSlowStatementEndsAtTheTimeout() async throws {
    try await TestPostgres.withDatabase(
      settings: TestSettings(shared: 1, statementTimeout: .milliseconds(100))
    ) { database in
      let sleep = Statement("sleep", "SELECT pg_sleep($1)::text")
      let error = await #expect(throws: PostgresError.self) {
        try await database.query(sleep, [.double(30)])
      }
      #expect(error?.kind == .statementTimeout)
      let rows = try await database.query(sleep, [.double(0)])
      #expect(rows.count == 1)
    }
  }

  @Test func theServerDescribesItself() async throws {
    try await TestPostgres.withDatabase { database in
      let facts = try await database.checkServer()
      #expect(facts.version >= 130_000)
      #expect(facts.synchronousCommit == "on")
      #expect(facts.encoding == "UTF8")
      #expect(facts.collation == "C")
      #expect(facts.maxConnections > 10)
      #expect(facts.reservedConnections > 0)
    }
  }

  @Test func sessionsCarryTheirSettings() async throws {
    try await TestPostgres.withDatabase(
      settings: TestSettings(statementTimeout: .milliseconds(12_345), options: "-c work_mem=5MB")
    ) { database in
      let rows = try await database.query(
        Statement(
          "settings",
          """
          SELECT current_setting('application_name'), current_setting('statement_timeout'),
            current_setting('idle_in_transaction_session_timeout'),
            current_setting('client_encoding'), current_setting('work_mem')
          """))
      let values = (0..<5).map { rows.text(0, $0) }
      #expect(values == ["apus-test", "12345ms", "1min", "UTF8", "5MB"])
    }
  }

  @Test func aDatabaseThatCannotBeReachedSaysWhy() async throws {
    let configuration = PostgresConfiguration(parameters: ["host": "/nonexistent", "user": "x"])
    let database = Database(
      configuration: configuration, executor: TestLoop.executor, logger: TestPostgres.logger)
    let error = await #expect(throws: PostgresError.self) {
      try await database.start(timeout: .milliseconds(200))
    }
    #expect(error?.kind == .unavailable)
    #expect(error?.message.contains("/nonexistent") == true)
    await database.shutdown()
    let late = await #expect(throws: PostgresError.self) {
      try await database.query(Statement("one", "SELECT 1"))
    }
    #expect(late?.kind == .unavailable)
  }
}
