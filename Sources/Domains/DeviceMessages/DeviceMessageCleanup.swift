package import Postgres

/// Removes what nobody will ask for: messages for devices that are gone, and ids of requests that
/// are too old to be repeated.
package enum DeviceMessageCleanup {
  private static let forget = Statement(
    "device_messages_forget_transactions",
    """
    DELETE FROM device_message_transactions WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM device_message_transactions
      WHERE done_at < now() - interval '24 hours' LIMIT $1))
    """)
  /// Jumps from inbox to inbox over the index, however many messages each holds.
  private static let look = Statement(
    "device_messages_inboxes",
    """
    WITH RECURSIVE filled AS (
      SELECT (SELECT min(inbox) FROM device_messages WHERE inbox > $1) AS inbox
      UNION ALL
      SELECT (SELECT min(m.inbox) FROM device_messages m WHERE m.inbox > filled.inbox)
      FROM filled WHERE filled.inbox IS NOT NULL
    )
    SELECT inbox, EXISTS (SELECT FROM devices d WHERE d.inbox = filled.inbox)
    FROM filled WHERE inbox IS NOT NULL LIMIT $2
    """)
  private static let remove = Statement(
    "device_messages_remove",
    """
    DELETE FROM device_messages WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM device_messages WHERE inbox = ANY ($1) LIMIT $2))
    """)

  /// - Returns: how many ids were forgotten.
  package static func forgetTransactions(
    limit: Int64, on database: any Querying
  ) async throws -> Int {
    try await database.query(forget, [.int(limit)]).affectedRows
  }

  /// How far a walk through the inboxes has come.
  package struct Walk: Sendable, Equatable {
    /// The last inbox that is done; nil at the end.
    package var place: Int64?
    /// Messages.
    package var removed: Int64

    package init(place: Int64? = 0, removed: Int64 = 0) {
      self.place = place
      self.removed = removed
    }
  }

  /// The walk's next step: looks at the next inboxes and removes messages of those without device.
  /// - Parameter limit: of the inboxes as of the messages. Where more messages are left, the walk
  ///   stays in its place.
  package static func removeOrphans(
    _ walk: Walk, limit: Int64, on database: any Querying
  ) async throws -> Walk {
    guard let place = walk.place else { return walk }
    var walk = walk
    let rows = try await database.query(look, [.int(place), .int(limit)])
    let inboxes = (0..<rows.count).compactMap { rows.int($0, 0) }
    let orphans = zip(0..., inboxes).filter { rows.bool($0.0, 1) == false }.map(\.1)
    if !orphans.isEmpty {
      let removed = Int64(
        try await database.query(remove, [.ints(orphans), .int(limit)]).affectedRows)
      walk.removed += removed
      if removed >= limit { return walk }
    }
    walk.place = Int64(inboxes.count) < limit ? nil : inboxes.last
    return walk
  }
}
