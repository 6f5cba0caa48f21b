package import MatrixIdentifiers
package import Postgres

/// Removes what is kept of a room that is no more.
package enum PushErasure {
  private static let deletes = ["event_push", "push_threads", "push_turns"].map { table in
    Statement(
      "push_erasure_\(table)",
      """
      DELETE FROM \(table) WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM \(table) WHERE room_id = $1 LIMIT $2))
      """)
  }

  /// - Returns: how many rows were removed; zero when none is left.
  package static func removeSome(
    of room: RoomID, limit: Int64, in transaction: Transaction
  ) async throws -> Int {
    let results = try await transaction.queryAll(
      deletes.map { Query($0, [.text(room.text), .int(limit)]) })
    return results.reduce(0) { $0 + $1.affectedRows }
  }
}
