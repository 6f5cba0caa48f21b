import Postgres

/// The memory of what became of delayed events.
struct FinalisedDelays: Sendable {
  /// Rows that go in one statement.
  static let stepSize = 5_000

  private static let prune = Statement(
    "delayed_prune",
    """
    DELETE FROM delayed_events WHERE id IN (
      SELECT id FROM (
        SELECT id, finalised_at, row_number() OVER (
          PARTITION BY user_id ORDER BY finalised_at DESC, id DESC) AS rank
        FROM delayed_events WHERE finalised_at IS NOT NULL
      ) kept WHERE rank > $2 OR finalised_at < $1 LIMIT $3)
    """)
  private static let scheduled = Statement(
    "delayed_count", "SELECT count(*) FROM delayed_events WHERE finalised_at IS NULL")

  let database: any Querying

  /// Removes what is too old, and of every user what is too much, the oldest first.
  /// - Returns: whether more is to be removed.
  func prune(_ limits: DelayedEventLimits, now: Int64) async throws -> Bool {
    let rows = try await database.query(
      Self.prune,
      [.int(now - limits.keptFor), .int(limits.keptPerUser), .int(Int64(Self.stepSize))])
    return rows.affectedRows >= Self.stepSize
  }

  /// How many events wait for their time.
  func scheduledCount() async throws -> Int64 {
    try await database.query(Self.scheduled).int(0, 0) ?? 0
  }
}
