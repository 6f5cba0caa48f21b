/// A numbered step of the schema. Once released it is never changed; it must leave the schema
/// usable for the previous version of the server too.
package struct Migration: Sendable {
  package let number: Int
  package let name: String
  /// One or more statements, run in one transaction.
  package let sql: String

  package init(number: Int, name: String, sql: String) {
    self.number = number
    self.name = name
    self.sql = sql
  }

  /// FNV-1a over the SQL: tells an edited migration, and is no protection against malice.
  var checksum: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in sql.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

package enum MigrationError: Error, Sendable, Equatable, CustomStringConvertible {
  case duplicateNumber(Int)
  case changed(number: Int, name: String)
  case databaseIsNewer(numbers: [Int])
  case failed(number: Int, name: String, reason: String)
  /// `missing` are the numbers that the main process has not applied yet.
  case notMigrated(missing: [Int])
  /// Another process holds the migration lock for too long.
  case locked

  package var description: String {
    switch self {
    case .duplicateNumber(let number): "two migrations have the number \(number)"
    case .changed(let number, let name):
      "migration \(number) (\(name)) was applied to this database with other contents than "
        + "this version has; do not edit released migrations"
    case .databaseIsNewer(let numbers):
      "this database was written by a newer version: it has the migrations "
        + "\(Self.list(numbers)), which this version does not know"
    case .failed(let number, let name, let reason):
      "migration \(number) (\(name)) failed: \(reason)"
    case .notMigrated(let missing):
      "the database lacks the migrations \(Self.list(missing)); start the main process, which "
        + "applies them"
    case .locked: "another process has been migrating this database for too long"
    }
  }

  private static func list(_ numbers: [Int]) -> String {
    numbers.map(String.init).joined(separator: ", ")
  }
}

/// Which migrations remain, given what a database has.
struct MigrationPlan: Sendable {
  struct Applied: Sendable {
    let number: Int
    let checksum: String
  }

  let pending: [Migration]

  init(_ known: [Migration], applied: [Applied]) throws(MigrationError) {
    var byNumber: [Int: Migration] = [:]
    for migration in known {
      guard byNumber.updateValue(migration, forKey: migration.number) == nil else {
        throw .duplicateNumber(migration.number)
      }
    }
    let newer = applied.map(\.number).filter { byNumber[$0] == nil }
    guard newer.isEmpty else { throw .databaseIsNewer(numbers: newer.sorted()) }
    for entry in applied {
      guard let migration = byNumber.removeValue(forKey: entry.number) else { continue }
      guard migration.checksum == entry.checksum else {
        throw .changed(number: migration.number, name: migration.name)
      }
    }
    pending = byNumber.values.sorted { $0.number < $1.number }
  }
}
