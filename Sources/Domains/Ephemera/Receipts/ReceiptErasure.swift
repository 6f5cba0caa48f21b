package import MatrixIdentifiers
package import Postgres

/// Removes the receipts of a room that is no more.
package enum ReceiptErasure {
  private static let delete = Statement(
    "receipts_erase_room",
    """
    DELETE FROM receipts WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM receipts WHERE room_id = $1 LIMIT $2))
    """)

  /// - Returns: how many rows were removed; zero when none is left.
  package static func removeSome(
    of room: RoomID, limit: Int64, in transaction: Transaction
  ) async throws -> Int {
    try await transaction.query(delete, [.text(room.text), .int(limit)]).affectedRows
  }
}
