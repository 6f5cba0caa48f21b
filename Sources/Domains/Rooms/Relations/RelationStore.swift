package import MatrixIdentifiers
package import Postgres
import RoomEvents

/// Which of the events that belong to another one are wanted.
struct RelationSelection {
  /// Steps from an event to those that belong to it.
  static let recursionDepth = 3

  let room: RoomID
  let parent: EventID
  let relationType: String?
  let eventType: String?
  /// Also what belongs to those that belong to the parent.
  let recurses: Bool
  let history: HistoryVisibility
  let ignored: Set<UserID>
}

/// Reads the events that belong to others.
package struct RelationStore: Sendable {
  /// Those that are wanted among the children of the event that `parent` gives.
  private static func children(of parent: String) -> String {
    """
    r.parent = \(parent) AND e.room_id = $2 AND e.\(StoredEventRow.isHistory)
          AND ($3::text IS NULL OR r.rel_type = $3) AND ($4::text IS NULL OR r.type = $4)
    """
  }

  private static let isTold = """
    r.child > $5 AND r.child <= $6
      AND EXISTS (SELECT FROM unnest($7::bigint[], $8::bigint[]) AS s (low, high)
        WHERE r.child BETWEEN s.low AND s.high)
      AND (e.state_key IS NOT NULL OR e.sender <> ALL($9::text[]))
    """

  private static func direct(_ name: String, _ order: String) -> Statement {
    Statement(
      "relations_\(name)",
      """
      SELECT \(StoredEventRow.columns)
      FROM event_relations r \(ChildEvent.join)
      WHERE \(children(of: "$1")) AND \(isTold)
      ORDER BY r.child \(order) LIMIT $10
      """)
  }

  // What does not fit the filter leads nowhere.
  private static func recursive(_ name: String, _ order: String) -> Statement {
    Statement(
      "relations_recursive_\(name)",
      """
      WITH RECURSIVE tree (child, event_id, depth) AS (
        SELECT r.child, e.event_id, 1
        FROM event_relations r \(ChildEvent.join)
        WHERE \(children(of: "$1"))
        UNION
        SELECT r.child, e.event_id, t.depth + 1
        FROM tree t CROSS JOIN event_relations r \(ChildEvent.join)
        WHERE t.depth < \(RelationSelection.recursionDepth) AND \(children(of: "t.event_id"))
      )
      SELECT \(StoredEventRow.columns)
      FROM (SELECT DISTINCT child FROM tree) r \(ChildEvent.join)
      WHERE \(isTold)
      ORDER BY r.child \(order) LIMIT $10
      """)
  }

  private static let parents = Statement(
    "relations_parents",
    """
    SELECT p.id FROM unnest($1::text[], $2::text[]) AS p (id, room)
    CROSS JOIN LATERAL (
      SELECT FROM event_relations r \(ChildEvent.join)
      WHERE r.parent = p.id AND e.room_id = p.room
        AND (NOT $3 OR r.rel_type = ANY($4)) AND (NOT $5 OR r.sender = ANY($6))
      LIMIT 1
    ) c
    """)
  private static let backwards = direct("backwards", "DESC")
  private static let forwards = direct("forwards", "ASC")
  private static let recursiveBackwards = recursive("backwards", "DESC")
  private static let recursiveForwards = recursive("forwards", "ASC")

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// Those of the events to which others belong as it is demanded.
  package func parents(
    among events: [StoredEvent], _ demand: RelatedBy
  ) async throws -> Set<EventID> {
    guard !events.isEmpty else { return [] }
    let rows = try await database.query(
      Self.parents,
      [
        .texts(events.map(\.event.eventID.text)), .texts(events.map(\.event.roomID.text)),
        .bool(demand.types != nil), .texts(Array(demand.types ?? [])),
        .bool(demand.senders != nil), .texts(Array(demand.senders ?? [])),
      ])
    return Set((0..<rows.count).compactMap { rows.text($0, 0).flatMap { EventID($0) } })
  }

  /// Those in (after, upTo].
  func events(
    _ wanted: RelationSelection, _ direction: ScanDirection, after: Int64, upTo: Int64, limit: Int
  ) async throws -> [StoredEvent] {
    let statement =
      switch (direction, wanted.recurses) {
      case (.backwards, false): Self.backwards
      case (.forwards, false): Self.forwards
      case (.backwards, true): Self.recursiveBackwards
      case (.forwards, true): Self.recursiveForwards
      }
    let spans = wanted.history.spans
    return try StoredEventRow.decodeAll(
      try await database.query(
        statement,
        [
          .text(wanted.parent.text), .text(wanted.room.text), .text(wanted.relationType),
          .text(wanted.eventType), .int(after), .int(upTo), .ints(spans.map(\.lowerBound)),
          .ints(spans.map(\.upperBound)), .texts(wanted.ignored.map(\.text)), .int(Int64(limit)),
        ]))
  }
}
