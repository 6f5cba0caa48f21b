import Executors
import Postgres
import TestKit
import Testing

/// Migrations while programs use the database.
@Suite struct MigrationsBesideTrafficTests {
  private static let table = Migration(number: 1, name: "table", sql: "CREATE TABLE a (n bigint)")
  private static let column = Migration(
    number: 2, name: "column", sql: "ALTER TABLE a ADD COLUMN m bigint NOT NULL DEFAULT 0")
  private static let breaking = Migration(
    number: 3, name: "breaking", breaksOlder: true, sql: "ALTER TABLE a RENAME TO b")

  private static let read = Statement("test_read", "SELECT count(*) FROM a")
  private static let waiting = Statement(
    "test_waiting",
    """
    SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.locktype = 'relation' AND NOT l.granted
      AND l.mode = 'AccessExclusiveLock'
    """)

  private func migrator(
    _ database: Database, _ migrations: [Migration], _ change: (inout MigrationTiming) -> Void
  ) -> Migrator {
    var timing = MigrationTiming()
    timing.lockTimeout = .milliseconds(100)
    timing.retryPause = .milliseconds(10)
    change(&timing)
    return Migrator(
      database: database, migrations: migrations, timing: timing, logger: TestPostgres.logger)
  }

  /// A long transaction delays a migration, and nobody else with it.
  @Test func whoComesBehindAWaitingMigrationIsNotHeldUp() async throws {
    try await TestPostgres.withDatabase(migrations: [Self.table]) { database in
      let migrator = migrator(database, [Self.table, Self.column]) { _ in }
      let (began, mayEnd) = (Waiter<Void>(), Waiter<Void>())
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await database.transaction { transaction in
            _ = try await transaction.query(Self.read, [])
            began.resolve(())
            await mayEnd.value(ifCancelled: ())
          }
        }
        await began.value(ifCancelled: ())
        group.addTask { try await migrator.migrate() }
        for _ in 0..<3 {
          try await eventually { try await database.query(Self.waiting).int(0, 0) == 1 }
          #expect(try await database.query(Self.read).int(0, 0) == 0)
        }
        await #expect(throws: MigrationError.notMigrated(missing: [2])) {
          try await migrator.waitUntilCurrent(timeout: .zero)
        }
        mayEnd.resolve(())
        try await group.waitForAll()
      }
      try await migrator.waitUntilCurrent(timeout: .zero)
    }
  }

  @Test func aTableThatIsNeverFreeIsGivenUp() async throws {
    try await TestPostgres.withDatabase(migrations: [Self.table]) { database in
      let migrator = migrator(database, [Self.table, Self.column]) { $0.lockPatience = .zero }
      let error = try await database.transaction { transaction in
        _ = try await transaction.query(Self.read, [])
        return await #expect(throws: MigrationError.self) { try await migrator.migrate() }
      }
      guard case .failed(2, "column", let reason) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(reason.contains("55P03"))
    }
  }

  private func named(
    _ configuration: PostgresConfiguration, _ name: String
  ) -> PostgresConfiguration {
    var configuration = configuration
    configuration.applicationName = name
    return configuration
  }

  /// Gives `body` a database and a connection of another process to it.
  private func withProcess(
    _ name: String, of level: SchemaLevel,
    _ body: @Sendable (Database, _ other: Database) async throws -> Void
  ) async throws {
    try await TestPostgres.withFreshDatabase(migrations: [Self.table]) { configuration in
      try await TestPostgres.with(configuration) { database in
        try await TestPostgres.with(named(configuration, level.applicationName(of: name))) {
          other in
          _ = try await other.query(Self.read)
          try await body(database, other)
        }
      }
    }
  }

  @Test func aMigrationThatBreaksOlderProgramsWaitsForTheirEnd() async throws {
    let old = SchemaLevel([Self.table])
    try await withProcess("generic worker 1", of: old) { database, other in
      let all = [Self.table, Self.breaking]
      let impatient = migrator(database, all) { $0.departurePatience = .zero }
      let error = MigrationError.olderProgramsRun(
        number: 3, name: "breaking", programs: ["generic worker 1"])
      await #expect(throws: error) { try await impatient.migrate() }
      #expect(error.description.contains("generic worker 1"))
      // What leaves the database usable is applied all the same.
      try await migrator(database, [Self.table, Self.column]) { _ in }.migrate()
      async let migrated: Void = migrator(database, all) { _ in }.migrate()
      #expect(try await other.query(Self.read).int(0, 0) == 0)
      await other.shutdown()
      try await migrated
      try await migrator(database, all) { _ in }.waitUntilCurrent(timeout: .zero)
    }
  }

  @Test func programsThatKnowItAreNotInItsWay() async throws {
    let all = [Self.table, Self.breaking]
    try await withProcess("generic_worker1", of: SchemaLevel(all)) { database, _ in
      try await migrator(database, all) { $0.departurePatience = .zero }.migrate()
    }
  }
}
