import Postgres
import TestKit
import Testing

@Suite struct MigratorTests {
  static let first = Migration(
    number: 1, name: "it's the first",
    sql: "CREATE TABLE a (n bigint); INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)")
  static let second = Migration(
    number: 200, name: "second", sql: "CREATE TABLE b AS SELECT n FROM a")
  static let between = Migration(number: 101, name: "between", sql: "CREATE TABLE c (n bigint)")

  static func migrator(
    _ database: Database, _ migrations: [Migration], program: String? = nil
  ) -> Migrator {
    Migrator(
      database: database, migrations: migrations, program: program, logger: TestPostgres.logger)
  }

  static let history = Statement(
    "history", "SELECT number, name FROM schema_migrations ORDER BY applied_at, number")

  @Test func migrationsAreAppliedOnceInOrder() async throws {
    try await TestPostgres.withDatabase { database in
      try await Self.migrator(database, [Self.second, Self.first]).migrate()
      try await Self.migrator(database, [Self.first, Self.second]).migrate()
      let rows = try await database.query(Self.history)
      #expect((0..<rows.count).map { rows.int($0, 0) } == [1, 200])
      #expect(rows.text(0, 1) == "it's the first")
      let count = try await database.query(Statement("count", "SELECT count(*) FROM b"))
      #expect(count.int(0, 0) == 2)
    }
  }

  @Test func aLaterMigrationWithALowerNumberIsApplied() async throws {
    try await TestPostgres.withDatabase { database in
      try await Self.migrator(database, [Self.first, Self.second]).migrate()
      let all = [Self.first, Self.between, Self.second]
      try await Self.migrator(database, all).migrate()
      #expect(try await database.query(Self.history).count == 3)
      try await Self.migrator(database, all).waitUntilCurrent(timeout: .zero)
    }
  }

  @Test func aChangedMigrationIsRefused() async throws {
    try await TestPostgres.withDatabase { database in
      try await Self.migrator(database, [Self.first]).migrate()
      let changed = Migration(number: 1, name: "other", sql: Self.first.sql + " ")
      let error = MigrationError.changed(number: 1, name: "other")
      await #expect(throws: error) { try await Self.migrator(database, [changed]).migrate() }
      await #expect(throws: error) {
        try await Self.migrator(database, [changed]).waitUntilCurrent(timeout: .seconds(60))
      }
    }
  }

  @Test func aDatabaseIsRefusedThatANewerVersionHasBroken() async throws {
    try await TestPostgres.withDatabase { database in
      let breaking = Migration(
        number: 200, name: "breaking", breaksOlder: true, sql: "ALTER TABLE a RENAME TO z")
      try await Self.migrator(database, [Self.first, breaking], program: "Apus 2.0").migrate()
      try await Self.migrator(
        database, [Self.first, breaking, Self.between], program: "Apus 2.1"
      ).migrate()
      let old = Self.migrator(database, [Self.first])
      let error = MigrationError.databaseIsNewer(numbers: [200], program: "Apus 2.0")
      #expect(error.description.contains("start Apus 2.0 or a later one"))
      await #expect(throws: error) { try await old.migrate() }
      await #expect(throws: error) { try await old.waitUntilCurrent(timeout: .seconds(60)) }
      // Who knows that migration needs not know the other one.
      try await Self.migrator(database, [Self.first, breaking]).waitUntilCurrent(timeout: .zero)
    }
  }

  @Test func aNewerDatabaseIsUsedThatIsAsItWasOtherwise() async throws {
    try await TestPostgres.withDatabase { database in
      try await Self.migrator(database, [Self.first, Self.second]).migrate()
      let old = Self.migrator(database, [Self.first])
      try await old.waitUntilCurrent(timeout: .zero)
      try await old.migrate()
      // A main of the version before may even have something to add.
      try await Self.migrator(database, [Self.first, Self.between]).migrate()
      #expect(try await database.query(Self.history).count == 3)
    }
  }

  @Test func aTableOfMigrationsWithoutTheLaterColumnsIsMended() async throws {
    try await TestPostgres.withDatabase { database in
      try await Self.migrator(database, [Self.first]).migrate()
      try await database.runScript(
        "ALTER TABLE schema_migrations DROP COLUMN breaks_older, DROP COLUMN program")
      let migrator = Self.migrator(database, [Self.first])
      await #expect(throws: MigrationError.notMigrated(missing: [1])) {
        try await migrator.waitUntilCurrent(timeout: .zero)
      }
      try await migrator.migrate()
      try await migrator.waitUntilCurrent(timeout: .zero)
      #expect(try await database.query(Self.history).count == 1)
    }
  }

  @Test func twoMigrationsOfOneNumberAreRefused() async throws {
    try await TestPostgres.withDatabase { database in
      let twin = Migration(number: 1, name: "twin", sql: "SELECT 1")
      await #expect(throws: MigrationError.duplicateNumber(1)) {
        try await Self.migrator(database, [Self.first, twin]).migrate()
      }
    }
  }

  @Test func aFailedMigrationLeavesNothing() async throws {
    try await TestPostgres.withDatabase { database in
      let broken = Migration(
        number: 2, name: "broken", sql: "CREATE TABLE half (n bigint); SELECT 1 / 0")
      let migrator = Self.migrator(database, [Self.first, broken])
      await #expect(throws: MigrationError.self) { try await migrator.migrate() }
      let tables = Statement(
        "tables", "SELECT to_regclass('a') IS NOT NULL, to_regclass('half') IS NOT NULL")
      let rows = try await database.query(tables)
      #expect(rows.bool(0, 0) == true)
      #expect(rows.bool(0, 1) == false)
      #expect(try await database.query(Self.history).count == 1)
      let mended = Migration(number: 2, name: "mended", sql: "CREATE TABLE half (n bigint)")
      try await Self.migrator(database, [Self.first, mended]).migrate()
      #expect(try await database.query(tables).bool(0, 1) == true)
    }
  }

  @Test func severalMigratorsTakeTurns() async throws {
    try await TestPostgres.withDatabase { database in
      let slow = Migration(number: 2, name: "slow", sql: "SELECT pg_sleep(0.3)")
      let migrator = Self.migrator(database, [Self.first, slow, Self.second])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<3 { group.addTask { try await migrator.migrate() } }
        try await group.waitForAll()
      }
      #expect(try await database.query(Self.history).count == 3)
    }
  }

  @Test func aWorkerWaitsForTheMainProcess() async throws {
    try await TestPostgres.withDatabase { database in
      let migrator = Self.migrator(database, [Self.first, Self.second])
      await #expect(throws: MigrationError.notMigrated(missing: [1, 200])) {
        try await migrator.waitUntilCurrent(timeout: .zero)
      }
      async let waiting: Void = migrator.waitUntilCurrent(timeout: .seconds(30))
      try await migrator.migrate()
      try await waiting
    }
  }
}
