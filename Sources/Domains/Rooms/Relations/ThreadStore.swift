import MatrixIdentifiers
package import Postgres

/// Reads the list of a room's threads.
package struct ThreadStore: Sendable {
  private static let page = Statement(
    "threads_page",
    """
    SELECT \(StoredEventRow.columns), t.latest
    FROM threads t
    CROSS JOIN LATERAL (SELECT * FROM events h WHERE h.event_id = t.root LIMIT 1) e
    WHERE t.room_id = $1 AND t.latest <= $2 AND t.replies > 0
      AND e.room_id = t.room_id AND \(StoredEventRow.isTold("e"))
      AND \(ChildEvent.exists("r.child = e.stream_ordering")) IS NULL
      AND EXISTS (SELECT FROM unnest($3::bigint[], $4::bigint[]) AS s (low, high)
        WHERE e.stream_ordering BETWEEN s.low AND s.high)
      AND ($5::text IS NULL OR e.sender = $5 OR \(ChildEvent.exists(
        "r.parent = t.root AND r.sender = $5 AND r.rel_type = '\(RelationType.thread)'")))
    ORDER BY t.latest DESC LIMIT $6
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// The roots of threads with the places of their latest events, the latest of all first.
  /// - Parameters:
  ///   - upTo: the last place that is looked at.
  ///   - participant: only threads in which this user has a part.
  func roots(
    in room: RoomID, seeing history: HistoryVisibility, upTo: Int64, participant: UserID?,
    limit: Int
  ) async throws -> [(root: StoredEvent, latest: Int64)] {
    let rows = try await database.query(
      Self.page,
      [
        .text(room.text), .int(upTo), .ints(history.spans.map(\.lowerBound)),
        .ints(history.spans.map(\.upperBound)), .text(participant?.text), .int(Int64(limit)),
      ])
    return try (0..<rows.count).map { row in
      (try StoredEventRow.decode(rows, row), rows.int(row, StoredEventRow.width) ?? 0)
    }
  }
}
