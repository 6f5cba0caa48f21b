package import MatrixIdentifiers
package import Postgres
import PushRules

/// Removes what the database holds of a room that was closed, some rows at a time. Each part says
/// how many rows went; zero says that nothing is left of it.
package enum RoomErasure {
  // By comparing rows, so that a batch does not look at what the others before it have left of the
  // index.
  private static let history = Statement(
    "room_erasure_history",
    """
    SELECT stream_ordering FROM events
    WHERE standing IS NULL AND (room_id, stream_ordering) > ($1, $2)
      AND (room_id, stream_ordering) < ($1, \(Int64.max))
    ORDER BY room_id, stream_ordering LIMIT $3
    """)
  // There is little beside the history.
  private static let others = Statement(
    "room_erasure_others",
    """
    SELECT stream_ordering FROM events WHERE room_id = $1 AND standing IS NOT NULL LIMIT $2
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
    "threads", "missing_prev_events", "room_aliases", "room_upgrades", "event_reports",
    "room_reports",
  ].map { table in
    Statement(
      "room_erasure_\(table)",
      """
      DELETE FROM \(table) WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM \(table) WHERE room_id = $1 LIMIT $2))
      """)
  }
  private static let members = Statement(
    "room_erasure_members", "SELECT user_id FROM room_memberships WHERE room_id = $1 LIMIT $2")
  private static let transactions = Statement(
    "room_erasure_transactions",
    """
    DELETE FROM event_txn_ids WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM event_txn_ids WHERE user_id = ANY($1) AND room_id = $2 LIMIT $3))
    """)
  private static let memberships = Statement(
    "room_erasure_memberships",
    "DELETE FROM room_memberships WHERE room_id = $1 AND user_id = ANY($2)")
  private static let last = ["room_heads", "rooms"].map { table in
    Statement("room_erasure_\(table)", "DELETE FROM \(table) WHERE room_id = $1")
  }

  /// Users whose rows are looked for at once.
  private static let usersAtATime: Int64 = 50

  /// Events, with what is kept of each.
  /// - Parameter place: the last event that went; `.min` before the first.
  package static func removeEvents(
    of room: RoomID, after place: Int64, limit: Int64, in transaction: Transaction
  ) async throws -> (rows: Int, place: Int64) {
    var found = try await transaction.query(
      history, [.text(room.text), .int(place), .int(limit)])
    let last = found.count > 0 ? found.int(found.count - 1, 0) : nil
    if last == nil {
      found = try await transaction.query(others, [.text(room.text), .int(limit)])
    }
    let numbers = (0..<found.count).compactMap { found.int($0, 0) }
    guard !numbers.isEmpty else { return (0, place) }
    _ = try await transaction.queryAll(byEvent.map { Query($0, [.ints(numbers)]) })
    return (numbers.count, last ?? place)
  }

  /// What is kept of members as such: who has nothing left is forgotten.
  package static func removeMembers(
    of room: RoomID, limit: Int64, in transaction: Transaction
  ) async throws -> Int {
    let rows = try await transaction.query(
      members, [.text(room.text), .int(min(limit, usersAtATime))])
    let users = (0..<rows.count).compactMap { rows.text($0, 0) }
    guard !users.isEmpty else { return 0 }
    let sent = try await transaction.query(
      transactions, [.texts(users), .text(room.text), .int(limit)])
    let unread = try await PushErasure.removeSome(
      of: users, in: room, limit: limit, in: transaction)
    guard sent.affectedRows + unread == 0 else { return sent.affectedRows + unread }
    return try await transaction.query(memberships, [.text(room.text), .texts(users)]).affectedRows
  }

  /// The rest, but for the room's own row.
  package static func removeState(
    of room: RoomID, limit: Int64, in transaction: Transaction
  ) async throws -> Int {
    let results = try await transaction.queryAll(
      (states + tables).map { Query($0, [.text(room.text), .int(limit)]) })
    return results.reduce(0) { $0 + $1.affectedRows }
  }

  /// The end of it: the room is unknown from then on.
  package static func removeRoom(_ room: RoomID, in transaction: Transaction) async throws {
    _ = try await transaction.queryAll(last.map { Query($0, [.text(room.text)]) })
  }
}
