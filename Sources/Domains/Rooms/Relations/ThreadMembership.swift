package import MatrixIdentifiers
package import Postgres

/// Which thread of its room an event is in.
///
/// spec: client-server-api#threaded-read-receipts
package struct ThreadMembership: Sendable {
  /// Steps from an event to those that it belongs to.
  private static let hopLimit = 3

  // What a redacted event belonged to is not kept, and not every event is here.
  private static let select = Statement(
    "thread_membership",
    """
    WITH RECURSIVE line (event_id, redacted_by, rel_type, parent, hops) AS (
      SELECT e.event_id, e.redacted_by, r.rel_type, r.parent, 1
      FROM events e LEFT JOIN event_relations r ON r.child = e.stream_ordering
      WHERE e.event_id = $2 AND e.room_id = $1
      UNION ALL
      SELECT e.event_id, e.redacted_by, r.rel_type, r.parent, l.hops + 1
      FROM line l JOIN events e ON e.event_id = l.parent AND e.room_id = $1
      LEFT JOIN event_relations r ON r.child = e.stream_ordering
      WHERE l.rel_type <> '\(RelationType.thread)' AND l.hops <= \(hopLimit)
    )
    SELECT
      count(*) = 0 OR bool_or(redacted_by IS NOT NULL OR rel_type <> '\(RelationType.thread)'
        AND NOT EXISTS (SELECT FROM events e WHERE e.event_id = parent AND e.room_id = $1)) IS TRUE,
      max(parent) FILTER (WHERE rel_type = '\(RelationType.thread)'),
      bool_or(event_id = $3 OR parent = $3)
    FROM line
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// Whether a receipt for the event may be one of the thread. True also where that is not known.
  /// The root of a thread, and what belongs to it, may be read in the thread as well as outside.
  /// - Parameter root: nil for the main timeline.
  package func mayBeRead(
    _ event: EventID, inThread root: EventID?, of room: RoomID
  ) async throws -> Bool {
    let rows = try await database.query(
      Self.select, [.text(room.text), .text(event.text), .text(root?.text)])
    guard rows.bool(0, 0) == false else { return true }
    guard root != nil else { return rows.text(0, 1) == nil }
    return rows.bool(0, 2) == true
  }
}
