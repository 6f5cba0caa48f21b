package import Postgres

/// Forgets which events the transactions of clients became. A client repeats a request within
/// seconds; after so long it would have been given up.
package enum TransactionCleanup {
  /// Milliseconds.
  private static let lifetime: Int64 = 48 * 3_600_000

  /// - Returns: how many were forgotten.
  package static func remove(
    now: Int64, limit: Int64, on database: any Querying
  ) async throws -> Int {
    try await database.query(delete, [.int(now - lifetime), .int(limit)]).affectedRows
  }

  private static let delete = Statement(
    "rooms_remove_old_transactions",
    """
    DELETE FROM event_txn_ids WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM event_txn_ids WHERE created_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
    """)
}
