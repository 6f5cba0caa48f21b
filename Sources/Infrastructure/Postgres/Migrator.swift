import Executors
package import Logging

/// Brings the schema of a database up to date, or waits until another process has.
package struct Migrator: Sendable {
  private let database: Database
  private let migrations: [Migration]
  private let program: String?
  private let timing: MigrationTiming
  private let logger: Logger

  /// The session lock that all migrators of one database share.
  private static let lockKey: Int64 = 0x6170_7573_0001
  private static let lockPollPeriod = Duration.milliseconds(100)
  private static let lockTimeout = Duration.seconds(300)
  private static let waitPollPeriod = Duration.milliseconds(250)
  /// The table or a column of it is not there: main has not been here yet.
  private static let notPrepared: Set<String?> = ["42P01", "42703"]

  private static let table = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
      number integer PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    );
    ALTER TABLE schema_migrations
      ADD COLUMN IF NOT EXISTS breaks_older boolean NOT NULL DEFAULT false,
      ADD COLUMN IF NOT EXISTS program text;
    """
  private static let appliedSQL = """
    SELECT number::text, checksum, breaks_older::text, program FROM schema_migrations
    ORDER BY applied_at, number
    """
  private static let select = Statement("schema_migrations", appliedSQL)

  /// - Parameter program: name and version of this program, for those that come after it.
  package init(
    database: Database, migrations: [Migration], program: String? = nil,
    timing: MigrationTiming = MigrationTiming(), logger: Logger
  ) {
    self.database = database
    self.migrations = migrations
    self.program = program
    self.timing = timing
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
        try MigrationPlan(migrations, applied: Self.applied(session))
      }
      tell(of: plan)
      for migration in plan.pending { try await apply(migration, session) }
    } catch {
      try? await pool.run { session.close() }
      throw error
    }
    try await pool.run { session.close() }
  }

  /// Waits until the main process has applied all migrations.
  /// - Throws: `MigrationError.notMigrated` after `timeout`; at once when the database is too new
  ///   for this process or differs from it.
  package func waitUntilCurrent(timeout: Duration) async throws {
    var waited = Duration.zero
    while true {
      let plan = try await plan()
      if plan.pending.isEmpty { return tell(of: plan) }
      guard waited < timeout else {
        throw MigrationError.notMigrated(missing: plan.pending.map(\.number))
      }
      if waited == .zero {
        logger.info("waiting for the main process to migrate the database")
      }
      try await Task.sleep(for: Self.waitPollPeriod)
      waited += Self.waitPollPeriod
    }
  }

  private func plan() async throws -> MigrationPlan {
    let applied: [MigrationPlan.Applied]
    do {
      applied = Self.read(try await database.query(Self.select, []))
    } catch let error as PostgresError where Self.notPrepared.contains(error.sqlState) {
      applied = []
    }
    return try MigrationPlan(migrations, applied: applied)
  }

  private func tell(of plan: MigrationPlan) {
    guard !plan.newer.isEmpty else { return }
    let numbers = plan.newer.map(String.init).joined(separator: ", ")
    logger.notice(
      "a newer version has migrated the database; this one can still use it",
      metadata: ["migrations": "\(numbers)"])
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

  private func apply(_ migration: Migration, _ session: BlockingSession) async throws {
    logger.info(
      "applying a migration",
      metadata: ["number": "\(migration.number)", "name": "\(migration.name)"])
    let step = MigrationStep(
      migration: migration, level: SchemaLevel(migrations), program: program,
      lockTimeout: timing.lockTimeout)
    let start = ContinuousClock.now
    var isTold = false
    while true {
      let outcome = try await database.context.connector.pool.run { try step.run(session) }
      guard case .obstructed(let obstacle) = outcome else { return }
      guard ContinuousClock.now - start < patience(with: obstacle) else {
        throw obstacle.error(of: migration)
      }
      if !isTold {
        logger.notice(
          "a migration waits for others",
          metadata: ["number": "\(migration.number)", "for": "\(obstacle)"])
        isTold = true
      }
      try await Task.sleep(for: timing.retryPause)
    }
  }

  private func patience(with obstacle: MigrationStep.Obstacle) -> Duration {
    switch obstacle {
    case .locks: timing.lockPatience
    case .olderPrograms: timing.departurePatience
    }
  }

  /// The table is only made or changed when it has to be: whoever reads it would be waited for.
  private static func applied(
    _ session: BlockingSession
  ) throws(PostgresError) -> [MigrationPlan.Applied] {
    do {
      return read(try session.run(appliedSQL))
    } catch {
      guard notPrepared.contains(error.sqlState) else { throw error }
      try session.run(table)
      return read(try session.run(appliedSQL))
    }
  }

  private static func read(_ rows: Rows) -> [MigrationPlan.Applied] {
    (0..<rows.count).compactMap { row in
      guard let number = rows.text(row, 0).flatMap(Int.init), let checksum = rows.text(row, 1)
      else { return nil }
      return MigrationPlan.Applied(
        number: number, checksum: checksum, breaksOlder: rows.text(row, 2) == "true",
        program: rows.text(row, 3))
    }
  }
}
