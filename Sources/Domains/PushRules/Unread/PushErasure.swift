package import MatrixIdentifiers
package import Postgres

/// Removes what is kept of a room that is no more, some rows at a time.
package enum PushErasure {
  // By comparing rows, so that a batch does not look at what the others before it have left of the
  // index.
  private static let deleteEvents = Statement(
    "push_erasure_events",
    """
    WITH gone AS (
      DELETE FROM event_push WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM event_push
        WHERE (room_id, stream_ordering) > ($1, $2)
          AND (room_id, stream_ordering) < ($1, \(Int64.max))
        ORDER BY room_id, stream_ordering LIMIT $3))
      RETURNING stream_ordering)
    SELECT count(*), max(stream_ordering) FROM gone
    """)
  private static let ofRoom = ["push_threads", "push_turns"].map { table in
    Statement(
      "push_erasure_\(table)",
      """
      DELETE FROM \(table) WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM \(table) WHERE room_id = $1 LIMIT $2))
      """)
  }
  private static let ofUsers = ["push_actions", "push_marks"].map { table in
    Statement(
      "push_erasure_\(table)",
      """
      DELETE FROM \(table) WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM \(table) WHERE user_id = ANY($1) AND room_id = $2 LIMIT $3))
      """)
  }

  /// What is kept by event.
  /// - Parameter place: the last event of which it went; `.min` before the first.
  /// - Returns: how many rows were removed; zero when none is left.
  package static func removeEvents(
    of room: RoomID, after place: Int64, limit: Int64, in transaction: Transaction
  ) async throws -> (rows: Int, place: Int64) {
    let gone = try await transaction.query(
      deleteEvents, [.text(room.text), .int(place), .int(limit)])
    return (Int(gone.int(0, 0) ?? 0), gone.int(0, 1) ?? place)
  }

  /// What is kept of the room as a whole.
  /// - Returns: as of `removeEvents`.
  package static func removeSome(
    of room: RoomID, limit: Int64, in transaction: Transaction
  ) async throws -> Int {
    let results = try await transaction.queryAll(
      ofRoom.map { Query($0, [.text(room.text), .int(limit)]) })
    return results.reduce(0) { $0 + $1.affectedRows }
  }

  /// What is kept by user.
  /// - Returns: as of `removeEvents`.
  package static func removeSome(
    of users: [String], in room: RoomID, limit: Int64, in transaction: Transaction
  ) async throws -> Int {
    let results = try await transaction.queryAll(
      ofUsers.map { Query($0, [.texts(users), .text(room.text), .int(limit)]) })
    return results.reduce(0) { $0 + $1.affectedRows }
  }
}
