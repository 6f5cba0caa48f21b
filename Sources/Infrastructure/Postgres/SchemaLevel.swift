/// How many of the migrations that break older programs a program knows. Each connection tells it
/// in its name, so that main can see who would be broken by the next one.
package struct SchemaLevel: Sendable {
  /// Connections to this database whose program knows fewer, by the names of their processes.
  private static let older = """
    SELECT DISTINCT substring(application_name from '^apus/\\d+ (.*)$') AS name
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND substring(application_name from '^apus/(\\d{1,9}) ')::integer < %
    ORDER BY name
    """

  private let value: Int

  package init(_ migrations: [Migration]) {
    value = migrations.count(where: \.breaksOlder)
  }

  /// The `application_name` of a process's connections. Postgres cuts it to 63 bytes, so the name
  /// of the process comes last.
  package func applicationName(of process: String) -> String {
    "apus/\(value) \(process)"
  }

  /// The processes that a breaking migration would break.
  static func olderPrograms(
    than level: SchemaLevel, _ session: BlockingSession
  ) throws(PostgresError) -> [String] {
    let rows = try session.run(older.replacing("%", with: String(level.value)))
    return (0..<rows.count).compactMap { rows.text($0, 0) }
  }
}
