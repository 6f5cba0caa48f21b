package import MatrixIdentifiers
package import Postgres

/// Takes the older part of a room's history away. What is not state goes for good; state events
/// stay, as states are made of them, but have no place in the history any more. Nothing is built
/// upon what is taken: only events before all ends of the history are.
package enum HistoryPurge {
  private static let findEnd = Statement(
    "history_purge_end",
    """
    SELECT least(e.stream_ordering, (SELECT min(x) FROM unnest(h.forward_extremities) AS x))
    FROM events e JOIN room_heads h USING (room_id)
    WHERE e.room_id = $1 AND e.event_id = $2 AND e.standing IS NULL
    """)
  private static let clampEnd = Statement(
    "history_purge_clamp",
    """
    SELECT least($2, (SELECT min(x) FROM unnest(forward_extremities) AS x))
    FROM room_heads WHERE room_id = $1
    """)
  // Rows are compared, so that no index but that of the room's own events will do: whatever else
  // there is, and whatever is gone, a batch looks at as many entries as it has events.
  private static func part(after: String, before: String) -> String {
    """
    standing IS NULL AND (room_id, stream_ordering) > ($1, \(after))
      AND (room_id, stream_ordering) < ($1, \(before))
    """
  }
  private static let exists = Statement(
    "history_purge_needed",
    """
    SELECT EXISTS (SELECT FROM events WHERE \(part(after: "\(-Int64.max)", before: "$2")))
    """)
  // What is left and follows what goes, some of it.
  private static let followers = Statement(
    "history_purge_followers",
    """
    SELECT p.stream_ordering, n.number
    FROM (
      SELECT stream_ordering, prev_events FROM events
      WHERE \(part(after: "$2", before: "\(Int64.max)"))
      ORDER BY room_id, stream_ordering LIMIT $4) p
    LEFT JOIN LATERAL unnest(p.prev_events) AS n (number) ON n.number < $3
    ORDER BY p.stream_ordering
    """)
  private static let insertMissing = Statement(
    "history_purge_missing",
    """
    INSERT INTO missing_prev_events (room_id, event_id, referrer)
    SELECT $1, e.event_id, r FROM unnest($2::bigint[], $3::bigint[]) AS f (r, n)
    JOIN events e ON e.stream_ordering = f.n
    ON CONFLICT DO NOTHING
    """)
  private static let cutLinks = Statement(
    "history_purge_cut",
    """
    UPDATE events SET prev_events = nullif(
      ARRAY(SELECT n FROM unnest(prev_events) AS n WHERE n >= $2), '{}'::bigint[])
    WHERE stream_ordering = ANY($1)
    """)
  private static let doomed = Statement(
    "history_purge_doomed",
    """
    SELECT stream_ordering, state_key IS NOT NULL FROM events
    WHERE \(part(after: "$2", before: "$3")) ORDER BY room_id, stream_ordering LIMIT $4
    """)
  private static let delete = Statement(
    "history_purge_delete", "DELETE FROM events WHERE stream_ordering = ANY($1)")
  private static let hide = Statement(
    "history_purge_hide",
    """
    UPDATE events SET standing = \(EventStanding.outlier.rawValue), prev_events = NULL,
      state_snapshot = NULL, room_snapshot = NULL
    WHERE stream_ordering = ANY($1)
    """)
  private static let deleteRelations = Statement(
    "history_purge_relations", "DELETE FROM event_relations WHERE child = ANY($1)")
  private static let deleteThreads = Statement(
    "history_purge_threads", "DELETE FROM threads WHERE room_id = $1 AND latest <= $2")
  private static let deleteMissing = Statement(
    "history_purge_ends",
    "DELETE FROM missing_prev_events WHERE room_id = $1 AND referrer = ANY($2)")
  private static let deleteWaiting = Statement(
    "history_purge_waiting", "DELETE FROM waiting_redactions WHERE redaction = ANY($1)")

  /// The place before which a room's history goes when an event and what came after it is to stay.
  /// Nil when the event is not in the room's history.
  package static func end(
    before event: EventID, in room: RoomID, on database: any Querying
  ) async throws -> Int64? {
    try await database.query(findEnd, [.text(room.text), .text(event.text)]).int(0, 0)
  }

  /// The same for a place. Nil when there is no such room.
  package static func end(
    before place: Int64, in room: RoomID, on database: any Querying
  ) async throws -> Int64? {
    try await database.query(clampEnd, [.text(room.text), .int(place)]).int(0, 0)
  }

  /// Whether there is anything before the place.
  package static func isNeeded(
    _ room: RoomID, before end: Int64, on database: any Querying
  ) async throws -> Bool {
    try await database.query(exists, [.text(room.text), .int(end)]).bool(0, 0) ?? false
  }

  /// Notes of some events that stay that what they follow is not here any more, so that it can be
  /// fetched from other servers. To be done with all that stays before anything goes.
  /// - Parameter place: the event looked at last; begin before `end`.
  /// - Returns: where to go on; nil at the end of the history.
  package static func link(
    _ room: RoomID, after place: Int64, end: Int64, limit: Int64, in transaction: Transaction
  ) async throws -> Int64? {
    let rows = try await transaction.query(
      followers, [.text(room.text), .int(place), .int(end), .int(limit)])
    let pairs = (0..<rows.count).compactMap { row -> (follower: Int64, gone: Int64)? in
      guard let follower = rows.int(row, 0), let gone = rows.int(row, 1) else { return nil }
      return (follower, gone)
    }
    if !pairs.isEmpty {
      _ = try await transaction.queryAll([
        Query(
          insertMissing,
          [.text(room.text), .ints(pairs.map(\.follower)), .ints(pairs.map(\.gone))]),
        Query(cutLinks, [.ints(pairs.map(\.follower)), .int(end)]),
      ])
    }
    let seen = Set((0..<rows.count).compactMap { rows.int($0, 0) })
    return seen.count < limit ? nil : seen.max()
  }

  package struct Removed: Sendable, Equatable {
    package let deleted: Int64
    /// State events that are kept, out of sight.
    package let hidden: Int64
    /// The last of them; nil when nothing was left to do.
    package let last: Int64?
  }

  /// Takes away the next events after a place and before `end`.
  package static func remove(
    _ room: RoomID, after place: Int64, end: Int64, limit: Int64, in transaction: Transaction
  ) async throws -> Removed {
    let rows = try await transaction.query(
      doomed, [.text(room.text), .int(place), .int(end), .int(limit)])
    let all = (0..<rows.count).compactMap { rows.int($0, 0) }
    guard let last = all.last else { return Removed(deleted: 0, hidden: 0, last: nil) }
    let states = (0..<rows.count).filter { rows.bool($0, 1) == true }.compactMap { rows.int($0, 0) }
    let messages = Set(all).subtracting(states).sorted()
    _ = try await transaction.queryAll([
      Query(delete, [.ints(messages)]), Query(hide, [.ints(states)]),
      Query(deleteRelations, [.ints(all)]),
      Query(deleteThreads, [.text(room.text), .int(last)]),
      Query(deleteMissing, [.text(room.text), .ints(all)]),
      Query(deleteWaiting, [.ints(all)]),
    ])
    return Removed(deleted: Int64(messages.count), hidden: Int64(states.count), last: last)
  }
}
