package import MatrixIdentifiers
package import Postgres

/// Removes what users have stored for a room that is no more. Nobody is told, as they are not in
/// the room any more; positions of the stream stay, with nothing to be told at them.
package enum AccountDataErasure {
  // The index by room leaves out what belongs to none.
  private static let delete = Statement(
    "account_data_erase_room",
    """
    DELETE FROM account_data WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM account_data WHERE room_id = $1 AND room_id <> '' LIMIT $2))
    """)

  /// - Returns: how many rows were removed; zero when none is left.
  package static func removeSome(
    of room: RoomID, limit: Int64, in transaction: Transaction
  ) async throws -> Int {
    try await transaction.query(delete, [.text(room.text), .int(limit)]).affectedRows
  }
}
