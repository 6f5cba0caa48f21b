import Postgres
import Testing

@testable import WorkerRuntime

struct SchemaTests {
  /// What programs of the version before would stumble over.
  private static let breaking = [
    "DROP TABLE", "DROP COLUMN", "DROP FUNCTION", "DROP SEQUENCE", "ALTER COLUMN", "RENAME",
    "TRUNCATE",
  ]

  @Test func numbersAreUsedOnce() {
    let numbers = Schema.migrations.map(\.number)
    #expect(Set(numbers).count == numbers.count)
  }

  @Test func whatBreaksOlderProgramsSaysSo() {
    for migration in Schema.migrations where !migration.breaksOlder {
      let sql = migration.sql.uppercased()
      for words in Self.breaking {
        #expect(!sql.contains(words), "\(migration.number) \(migration.name)")
      }
    }
  }
}
