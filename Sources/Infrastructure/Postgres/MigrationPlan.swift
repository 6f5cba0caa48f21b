/// Which migrations remain, given what a database has, and whether this program can use it.
struct MigrationPlan: Sendable {
  /// A migration as the database remembers it.
  struct Applied: Sendable {
    let number: Int
    let checksum: String
    var breaksOlder = false
    /// The version of the program that applied it, if it said so.
    var program: String?
  }

  let pending: [Migration]
  /// Of a newer version; they leave the database usable for this one.
  let newer: [Int]

  /// - Parameter applied: in the order in which it was.
  init(_ known: [Migration], applied: [Applied]) throws(MigrationError) {
    var byNumber: [Int: Migration] = [:]
    for migration in known {
      guard byNumber.updateValue(migration, forKey: migration.number) == nil else {
        throw .duplicateNumber(migration.number)
      }
    }
    let unknown = applied.filter { byNumber[$0.number] == nil }
    let breaking = unknown.filter(\.breaksOlder)
    guard breaking.isEmpty else {
      throw .databaseIsNewer(
        numbers: breaking.map(\.number).sorted(), program: breaking.last?.program)
    }
    newer = unknown.map(\.number).sorted()
    for entry in applied {
      guard let migration = byNumber.removeValue(forKey: entry.number) else { continue }
      guard migration.checksum == entry.checksum else {
        throw .changed(number: migration.number, name: migration.name)
      }
    }
    pending = byNumber.values.sorted { $0.number < $1.number }
  }
}
