package import Postgres

/// The memory of what became of delayed events.
package enum FinalisedDelays {
  private static let remove = Statement(
    "delayed_remove",
    """
    DELETE FROM delayed_events WHERE id IN (
      SELECT id FROM (
        SELECT id, finalised_at, row_number() OVER (
          PARTITION BY user_id ORDER BY finalised_at DESC, id DESC) AS rank
        FROM delayed_events WHERE finalised_at IS NOT NULL
      ) kept WHERE rank > $2 OR finalised_at < $1 LIMIT $3)
    """)
  private static let fail = Statement(
    "delayed_fail",
    """
    UPDATE delayed_events SET finalised_at = $4, error = $3
    WHERE delay_id = $1 AND claim = $2 AND finalised_at IS NULL
    """)
  private static let scheduled = Statement(
    "delayed_count", "SELECT count(*) FROM delayed_events WHERE finalised_at IS NULL")

  /// Ends an event that cannot be sent, unless somebody else has taken it since.
  /// - Parameters:
  ///   - error: as JSON.
  ///   - now: milliseconds since the epoch.
  static func fail(
    _ delay: ClaimedDelay, _ error: [UInt8], now: Int64, on database: any Querying
  ) async throws {
    let binds: [Bind] = [
      .text(delay.event.delayID), .int(delay.claim), .bytes(error), .int(now),
    ]
    _ = try await database.query(fail, binds)
  }

  /// Removes what is too old, and of every user what is too much, the oldest first.
  /// - Parameters:
  ///   - now: milliseconds since the epoch.
  ///   - limit: rows.
  /// - Returns: how many rows it was; fewer than `limit` when nothing is left to be removed.
  package static func remove(
    beyond limits: DelayedEventLimits, now: Int64, limit: Int64, on database: any Querying
  ) async throws -> Int {
    try await database.query(
      remove, [.int(now - limits.keptFor), .int(limits.keptPerUser), .int(limit)]
    ).affectedRows
  }

  /// How many events wait for their time.
  static func scheduledCount(on database: any Querying) async throws -> Int64 {
    try await database.query(scheduled).int(0, 0) ?? 0
  }
}
