package enum MigrationError: Error, Sendable, Equatable, CustomStringConvertible {
  case duplicateNumber(Int)
  case changed(number: Int, name: String)
  /// A newer version, `program` if it is known, has applied migrations that this one cannot work
  /// with.
  case databaseIsNewer(numbers: [Int], program: String?)
  case failed(number: Int, name: String, reason: String)
  /// `missing` are the numbers that the main process has not applied yet.
  case notMigrated(missing: [Int])
  /// Another process holds the migration lock for too long.
  case locked
  /// Programs run that could not use the database any more.
  case olderProgramsRun(number: Int, name: String, programs: [String])

  package var description: String {
    switch self {
    case .duplicateNumber(let number): "two migrations have the number \(number)"
    case .changed(let number, let name):
      "migration \(number) (\(name)) was applied to this database with other contents than "
        + "this version has; do not edit released migrations"
    case .databaseIsNewer(let numbers, let program):
      "this database needs \(program ?? "a newer version"): the migrations "
        + "\(Self.list(numbers)) changed it so that this version cannot use it; start "
        + "\(program ?? "the version that applied them") or a later one"
    case .failed(let number, let name, let reason):
      "migration \(number) (\(name)) failed: \(reason)"
    case .notMigrated(let missing):
      "the database lacks the migrations \(Self.list(missing)); start the main process, which "
        + "applies them"
    case .locked: "another process has been migrating this database for too long"
    case .olderProgramsRun(let number, let name, let programs):
      "migration \(number) (\(name)) would break programs of an older version that still use this "
        + "database: \(programs.joined(separator: ", ")); stop them, then start again"
    }
  }

  private static func list(_ numbers: [Int]) -> String {
    numbers.map(String.init).joined(separator: ", ")
  }
}
