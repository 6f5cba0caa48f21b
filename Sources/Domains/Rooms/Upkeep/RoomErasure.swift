package import MatrixIdentifiers
package import Postgres

/// Removes what the database holds of a room that was closed, some rows at a time.
package enum RoomErasure {
  private static let doomed = Statement(
    "room_erasure_events",
    """
    (SELECT stream_ordering FROM events WHERE room_id = $1 AND standing IS NULL LIMIT $2)
    UNION ALL
    (SELECT stream_ordering FROM events WHERE room_id = $1 AND standing IS NOT NULL LIMIT $2)
    """)
  private static let byEvent = [
    Statement("room_erasure_of_events", "DELETE FROM events WHERE stream_ordering = ANY($1)"),
    Statement("room_erasure_relations", "DELETE FROM event_relations WHERE child = ANY($1)"),
    Statement(
      "room_erasure_waiting", "DELETE FROM waiting_redactions WHERE redaction = ANY($1)"),
  ]
  private static let states = ["state_layers", "state_histories", "state_slots"].map { table in
    Statement(
      "room_erasure_\(table)",
      """
      DELETE FROM \(table) WHERE ctid = ANY (ARRAY(
        SELECT t.ctid FROM \(table) t JOIN rooms r USING (room_nid)
        WHERE r.room_id = $1 LIMIT $2))
      """)
  }
  private static let tables = [
    "threads", "missing_prev_events", "room_memberships", "room_aliases", "room_upgrades",
  ].map { table in
    Statement(
      "room_erasure_\(table)",
      """
      DELETE FROM \(table) WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM \(table) WHERE room_id = $1 LIMIT $2))
      """)
  }
  private static let last = ["room_heads", "rooms"].map { table in
    Statement("room_erasure_\(table)", "DELETE FROM \(table) WHERE room_id = $1")
  }

  /// - Returns: how many rows were removed; zero when nothing is left but the room's own row.
  package static func removeSome(
    of room: RoomID, limit: Int64, in transaction: Transaction
  ) async throws -> Int {
    let events = try await transaction.query(doomed, [.text(room.text), .int(limit)])
    let numbers = (0..<events.count).compactMap { events.int($0, 0) }
    if !numbers.isEmpty {
      _ = try await transaction.queryAll(byEvent.map { Query($0, [.ints(numbers)]) })
      return numbers.count
    }
    let results = try await transaction.queryAll(
      (states + tables).map { Query($0, [.text(room.text), .int(limit)]) })
    return results.reduce(0) { $0 + $1.affectedRows }
  }

  /// The end of it: the room is unknown from then on.
  package static func removeRoom(_ room: RoomID, in transaction: Transaction) async throws {
    _ = try await transaction.queryAll(last.map { Query($0, [.text(room.text)]) })
  }
}
