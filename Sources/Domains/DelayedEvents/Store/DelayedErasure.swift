package import MatrixIdentifiers
package import Postgres

/// Removes the delayed events of a room that is no more, and what is known of former ones. One that
/// is just being sent is refused by the room's owner.
package enum DelayedErasure {
  private static let delete = Statement(
    "delayed_erase_room",
    """
    DELETE FROM delayed_events WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM delayed_events WHERE room_id = $1 LIMIT $2))
    """)

  /// - Returns: how many rows were removed; zero when none is left.
  package static func removeSome(
    of room: RoomID, limit: Int64, in transaction: Transaction
  ) async throws -> Int {
    try await transaction.query(delete, [.text(room.text), .int(limit)]).affectedRows
  }
}
