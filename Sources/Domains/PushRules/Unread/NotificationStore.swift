package import MatrixIdentifiers
import MatrixJSON
package import Postgres

/// An event that a user was notified of.
package struct Notification: Sendable {
  package let room: RoomID
  package let streamOrdering: Int64
  /// `main`, or the id of the thread's root.
  package let thread: String
  /// Nil when there was no notification after all.
  package let actions: PushActionList?
}

/// Lists what users were notified of, from the rows that their counts come from.
package struct NotificationStore: Sendable {
  private static let select = Statement(
    "notifications_select",
    """
    WITH shared AS (
      SELECT p.room_id, p.stream_ordering, p.thread_id, p.push
      FROM unnest($2::text[]) AS v (r)
      LEFT JOIN push_marks m ON m.user_id = $1 AND m.room_id = r AND m.thread_id = ''
      CROSS JOIN LATERAL (
        SELECT * FROM event_push e
        WHERE e.room_id = r AND e.stream_ordering > coalesce(m.stream_ordering, 0)
          AND e.stream_ordering < $3 AND e.notifies AND (e.highlights OR NOT $4)
          AND NOT EXISTS (
            SELECT FROM push_actions a
            WHERE a.user_id = $1 AND a.room_id = r AND a.stream_ordering = e.stream_ordering)
          AND coalesce((
            SELECT t.follows FROM push_turns t
            WHERE t.room_id = r AND t.user_id = $1 AND t.stream_ordering <= e.stream_ordering
            ORDER BY t.stream_ordering DESC LIMIT 1), true)
        ORDER BY e.stream_ordering DESC LIMIT $5
      ) p
    ), own AS (
      SELECT a.room_id, a.stream_ordering, e.thread_id, e.push
      FROM push_actions a JOIN event_push e USING (room_id, stream_ordering)
      WHERE a.user_id = $1 AND a.notifies AND (a.highlights OR NOT $4) AND a.stream_ordering < $3
      ORDER BY a.stream_ordering DESC LIMIT $5
    )
    SELECT * FROM shared UNION ALL SELECT * FROM own ORDER BY stream_ordering DESC LIMIT $5
    """)

  private static let marks = Statement(
    "notifications_marks",
    """
    SELECT room_id, thread_id, stream_ordering FROM push_marks
    WHERE user_id = $1 AND room_id = ANY($2)
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// The newest first. Among them are events that the user sent and, far back, some without
  /// actions: the row that said so is gone.
  /// - Parameters:
  ///   - rooms: that the user is joined to.
  ///   - before: a place in the stream.
  package func list(
    _ user: UserID, in rooms: [RoomID], before: Int64, onlyHighlights: Bool, limit: Int
  ) async throws -> [Notification] {
    let rows = try await database.query(
      Self.select,
      [
        .text(user.text), .texts(rooms.map(\.text)), .int(before), .bool(onlyHighlights),
        .int(Int64(limit)),
      ])
    return try (0..<rows.count).compactMap { row in
      guard let room = rows.text(row, 0).flatMap({ RoomID($0) }), let ordering = rows.int(row, 1)
      else { return nil }
      let push = try EventPush(stored: rows.bytes(row, 3))
      return Notification(
        room: room, streamOrdering: ordering,
        thread: rows.text(row, 2) ?? PushActions.mainThread,
        actions: push.actions(for: user, follows: true))
    }
  }

  /// Up to where the user has read rooms by joining them and by sending events.
  package func readPositions(
    of user: UserID, in rooms: [RoomID]
  ) async throws -> [ReadPosition] {
    let rows = try await database.query(
      Self.marks, [.text(user.text), .texts(rooms.map(\.text))])
    return (0..<rows.count).compactMap { row in
      guard let room = rows.text(row, 0).flatMap({ RoomID($0) }), let thread = rows.text(row, 1),
        let ordering = rows.int(row, 2)
      else { return nil }
      return ReadPosition(
        room: room, thread: thread == PushActions.wholeRoom ? nil : thread,
        streamOrdering: ordering)
    }
  }
}
