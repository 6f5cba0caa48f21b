/// One try to apply a migration beside running programs.
struct MigrationStep: Sendable {
  /// Who is in the way.
  enum Obstacle: Sendable, CustomStringConvertible {
    /// Transactions that use its tables.
    case locks(reason: String)
    case olderPrograms([String])

    var description: String {
      switch self {
      case .locks(let reason): reason
      case .olderPrograms(let names): names.joined(separator: ", ")
      }
    }

    func error(of migration: Migration) -> MigrationError {
      switch self {
      case .locks(let reason):
        .failed(number: migration.number, name: migration.name, reason: reason)
      case .olderPrograms(let names):
        .olderProgramsRun(number: migration.number, name: migration.name, programs: names)
      }
    }
  }

  enum Outcome: Sendable {
    case applied
    /// Nothing was changed; another try may succeed.
    case obstructed(Obstacle)
  }

  /// lock_not_available, deadlock_detected.
  private static let lockFailures: Set<String?> = ["55P03", "40P01"]

  let migration: Migration
  /// Of the program that applies it.
  let level: SchemaLevel
  let program: String?
  let lockTimeout: Duration

  /// - Throws: `MigrationError.failed`.
  func run(_ session: BlockingSession) throws(MigrationError) -> Outcome {
    do throws(PostgresError) {
      try session.run("BEGIN; SET LOCAL lock_timeout = \(max(1, lockTimeout.milliseconds))")
      if migration.breaksOlder {
        let programs = try olderPrograms(session)
        guard programs.isEmpty else {
          try session.run("ROLLBACK")
          return .obstructed(.olderPrograms(programs))
        }
      }
      try session.run(migration.sql)
      try session.run(record)
      try session.run("COMMIT")
      return .applied
    } catch {
      _ = try? session.run("ROLLBACK")
      if Self.lockFailures.contains(error.sqlState) {
        return .obstructed(.locks(reason: error.description))
      }
      throw .failed(number: migration.number, name: migration.name, reason: error.description)
    }
  }

  /// A program that connects from here on looks at the table when the migration has ended; those
  /// that have looked before are seen.
  private func olderPrograms(_ session: BlockingSession) throws(PostgresError) -> [String] {
    try session.run("LOCK TABLE schema_migrations IN ACCESS EXCLUSIVE MODE")
    return try SchemaLevel.olderPrograms(than: level, session)
  }

  private var record: String {
    """
    INSERT INTO schema_migrations (number, name, checksum, breaks_older, program)
    VALUES (\(migration.number), \(Self.literal(migration.name)), '\(migration.checksum)',
      \(migration.breaksOlder), \(program.map(Self.literal) ?? "NULL"))
    """
  }

  /// The text as a string constant; names come from the program, not from input.
  private static func literal(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
      + "'"
  }
}
