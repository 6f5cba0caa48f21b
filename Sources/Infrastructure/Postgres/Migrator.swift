import Executors
package import Logging

/// Brings the schema of a database up to date, or waits until another process has.
package struct Migrator: Sendable {
  private let database: Database
  private let migrations: [Migration]
  private let logger: Logger

  /// The session lock that all migrators of one database share.
  private static let lockKey: Int64 = 0x6170_7573_0001
  private static let lockPollPeriod = Duration.milliseconds(100)
  private static let lockTimeout = Duration.seconds(300)
  private static let waitPollPeriod = Duration.milliseconds(250)
  private static let undefinedTable = "42P01"

  private static let table = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
      number integer PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )
    """
  private static let appliedSQL = "SELECT number::text, checksum FROM schema_migrations"
  private static let applied = Statement("schema_migrations", appliedSQL)

  package init(database: Database, migrations: [Migration], logger: Logger) {
    self.database = database
    self.migrations = migrations
    self.logger = logger
  }

  /// Applies what is missing, each migration in a transaction of its own. Safe to run from
  /// several processes at once: they take turns.
  /// - Throws: `MigrationError`, `PostgresError`, `CancellationError`.
  package func migrate() async throws {
    let pool = database.context.connector.pool
    let configuration = database.configuration
    let session = try await pool.run { try BlockingSession(configuration, limited: false) }
    do {
      try await lock(session)
      let plan = try await pool.run {
        try session.run(Self.table)
        return try MigrationPlan(migrations, applied: Self.read(session.run(Self.appliedSQL)))
      }
      for migration in plan.pending {
        logger.info(
          "applying a migration",
          metadata: ["number": "\(migration.number)", "name": "\(migration.name)"])
        try await pool.run { try Self.apply(migration, session) }
      }
    } catch {
      try? await pool.run { session.close() }
      throw error
    }
    try await pool.run { session.close() }
  }

  /// Waits until the main process has applied all migrations.
  /// - Throws: `MigrationError.notMigrated` after `timeout`; at once when the database is newer
  ///   than this process or differs from it.
  package func waitUntilCurrent(timeout: Duration) async throws {
    var waited = Duration.zero
    while true {
      let missing = try await pendingNumbers()
      if missing.isEmpty { return }
      guard waited < timeout else { throw MigrationError.notMigrated(missing: missing) }
      if waited == .zero {
        logger.info("waiting for the main process to migrate the database")
      }
      try await Task.sleep(for: Self.waitPollPeriod)
      waited += Self.waitPollPeriod
    }
  }

  private func pendingNumbers() async throws -> [Int] {
    let applied: [MigrationPlan.Applied]
    do {
      applied = Self.read(try await database.query(Self.applied, []))
    } catch let error as PostgresError where error.sqlState == Self.undefinedTable {
      applied = []
    }
    return try MigrationPlan(migrations, applied: applied).pending.map(\.number)
  }

  /// Waits for the lock by asking again and again, so that the wait can be cancelled.
  private func lock(_ session: BlockingSession) async throws {
    let pool = database.context.connector.pool
    var waited = Duration.zero
    while waited < Self.lockTimeout {
      let rows = try await pool.run {
        try session.run("SELECT pg_try_advisory_lock(\(Self.lockKey))::text")
      }
      if rows.text(0, 0) == "true" { return }
      if waited == .zero { logger.info("another process is migrating the database, waiting") }
      try await Task.sleep(for: Self.lockPollPeriod)
      waited += Self.lockPollPeriod
    }
    throw MigrationError.locked
  }

  private static func apply(_ migration: Migration, _ session: BlockingSession) throws {
    do throws(PostgresError) {
      try session.run("BEGIN")
      try session.run(migration.sql)
      try session.run(
        "INSERT INTO schema_migrations (number, name, checksum) VALUES "
          + "(\(migration.number), \(literal(migration.name)), '\(migration.checksum)')")
      try session.run("COMMIT")
    } catch {
      _ = try? session.run("ROLLBACK")
      throw MigrationError.failed(
        number: migration.number, name: migration.name, reason: error.description)
    }
  }

  /// The text as a string constant; names come from the program, not from input.
  private static func literal(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
      + "'"
  }

  private static func read(_ rows: Rows) -> [MigrationPlan.Applied] {
    (0..<rows.count).compactMap { row in
      guard let number = rows.text(row, 0).flatMap(Int.init), let checksum = rows.text(row, 1)
      else { return nil }
      return MigrationPlan.Applied(number: number, checksum: checksum)
    }
  }
}
