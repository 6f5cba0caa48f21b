import MatrixJSON
import Postgres

/// An update as it stands.
struct UpdateState: Sendable, Equatable {
  let name: String
  /// A JSON object.
  let progress: String
  let items: Int64
  /// Milliseconds.
  let duration: Int64
  let error: String?
}

/// The SQL of background updates.
enum UpdateStore {
  /// Notes what is needed and was never asked for before; it is made in the order of the list.
  static func need(
    _ updates: [BackgroundUpdate], on database: any Querying
  ) async throws {
    for (index, update) in updates.enumerated() {
      _ = try await database.query(
        insert, [.text(update.name), .int(Int64(index)), .texts(update.dependencies)])
    }
  }

  /// What is not done, in the order in which it will be.
  static func pending(on database: any Querying) async throws -> [UpdateState] {
    let rows = try await database.query(selectPending)
    return (0..<rows.count).compactMap { read(rows, $0) }
  }

  /// The one to go on with, of those that wait for no other.
  static func next(
    among names: [String], on database: any Querying
  ) async throws -> UpdateState? {
    read(try await database.query(selectNext, [.texts(names)]), 0)
  }

  /// When something that failed is tried again, in milliseconds since the epoch.
  static func nextRetry(
    among names: [String], on database: any Querying
  ) async throws -> Int64? {
    try await database.query(selectRetry, [.texts(names)]).int(0, 0)
  }

  static func find(_ name: String, on transaction: any Querying) async throws -> UpdateState? {
    read(try await transaction.query(selectOne, [.text(name)]), 0)
  }

  static func store(
    _ step: BackgroundUpdate.Step, of name: String, took duration: Duration,
    on transaction: any Querying
  ) async throws {
    _ = try await transaction.query(
      update,
      [
        .text(name), .text(String(decoding: step.progress.bytes, as: UTF8.self)),
        .int(Int64(step.items)), .int(Int64(duration / .milliseconds(1))), .bool(step.isDone),
      ])
  }

  static func fail(
    _ name: String, _ error: String, retryAfter pause: Duration, on database: any Querying
  ) async throws {
    _ = try await database.query(
      setError, [.text(name), .text(error), .int(Int64(pause / .milliseconds(1)))])
  }

  /// Begins done updates anew.
  /// - Returns: how many were not under way already.
  static func restart(_ names: [String], on database: any Querying) async throws -> Int {
    try await database.query(reset, [.texts(names)]).affectedRows
  }

  static func isEnabled(on database: any Querying) async throws -> Bool {
    try await database.query(selectEnabled).bool(0, 0) ?? true
  }

  static func setEnabled(_ isEnabled: Bool, on database: any Querying) async throws {
    _ = try await database.query(updateEnabled, [.bool(isEnabled)])
  }

  /// About how many rows a table has; nil when it was never counted.
  static func size(of table: String, on database: any Querying) async throws -> Int64? {
    try await database.query(selectSize, [.text(table)]).int(0, 0)
  }

  /// Costs the database nothing, so that its time tells how busy it is.
  static func probe(on database: any Querying) async throws {
    _ = try await database.query(selectNothing)
  }

  private static func read(_ rows: Rows, _ row: Int) -> UpdateState? {
    guard let name = rows.text(row, 0), let progress = rows.text(row, 1) else { return nil }
    return UpdateState(
      name: name, progress: progress, items: rows.int(row, 2) ?? 0,
      duration: rows.int(row, 3) ?? 0, error: rows.text(row, 4))
  }

  private static let columns = "name, progress, items, duration_ms, error"
  private static let isReady = """
    done_at IS NULL AND name = ANY($1) AND NOT EXISTS (
      SELECT 1 FROM background_updates b WHERE b.name = ANY(u.depends_on) AND b.done_at IS NULL)
    """

  private static let insert = Statement(
    "background_updates_need",
    """
    INSERT INTO background_updates (name, ordering, depends_on) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO NOTHING
    """)
  private static let selectPending = Statement(
    "background_updates_pending",
    "SELECT \(columns) FROM background_updates WHERE done_at IS NULL ORDER BY ordering, name")
  private static let selectNext = Statement(
    "background_updates_next",
    """
    SELECT \(columns) FROM background_updates u
    WHERE \(isReady) AND retry_at <= apus_milliseconds() ORDER BY ordering, name LIMIT 1
    """)
  private static let selectRetry = Statement(
    "background_updates_retry", "SELECT min(retry_at) FROM background_updates u WHERE \(isReady)")
  private static let selectOne = Statement(
    "background_updates_find",
    "SELECT \(columns) FROM background_updates WHERE name = $1 AND done_at IS NULL FOR UPDATE")
  private static let update = Statement(
    "background_updates_store",
    """
    UPDATE background_updates SET progress = $2, items = items + $3,
      duration_ms = duration_ms + $4, error = NULL,
      done_at = CASE WHEN $5 THEN apus_milliseconds() END
    WHERE name = $1
    """)
  private static let setError = Statement(
    "background_updates_fail",
    """
    UPDATE background_updates SET error = $2, retry_at = apus_milliseconds() + $3
    WHERE name = $1 AND done_at IS NULL
    """)
  private static let reset = Statement(
    "background_updates_restart",
    """
    UPDATE background_updates SET progress = '{}', items = 0, duration_ms = 0, error = NULL,
      retry_at = 0, done_at = NULL
    WHERE name = ANY($1) AND done_at IS NOT NULL
    """)
  private static let selectEnabled = Statement(
    "background_updates_enabled", "SELECT enabled FROM background_update_settings")
  private static let updateEnabled = Statement(
    "background_updates_set_enabled", "UPDATE background_update_settings SET enabled = $1")
  private static let selectSize = Statement(
    "background_updates_table_size",
    """
    SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass($1) AND reltuples >= 0
    """)
  private static let selectNothing = Statement("background_updates_probe", "SELECT 1")
}
