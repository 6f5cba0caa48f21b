package import MatrixIdentifiers
package import Postgres
import RoomEvents

/// The end of a room's history with its current state, both as of one moment.
package struct RoomSnapshot: Sendable {
  package var timeline: [StoredEvent] = []
  package var state: [StoredEvent] = []
}

package struct RoomSnapshotStore: Sendable {
  /// One statement, so that history and state cannot disagree.
  private static let snapshots = Statement(
    "room_snapshots",
    """
    SELECT \(StoredEventRow.columns), r.room_id, 0::bigint,
      \(ChildEvent.exists("r.parent = e.event_id")) IS NOT NULL
    FROM unnest($1::text[]) AS r (room_id)
    CROSS JOIN LATERAL (
      SELECT * FROM events
      WHERE events.room_id = r.room_id AND \(StoredEventRow.isTold("events"))
      ORDER BY stream_ordering DESC LIMIT $2
    ) e
    UNION ALL
    SELECT \(StoredEventRow.columns), r.room_id, 1::bigint, false
    FROM rooms r JOIN state_slots s USING (room_nid)
    JOIN events e ON e.stream_ordering = s.event WHERE r.room_id = ANY($1)
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// The newest `limit` events of each room, oldest first, and its state; unknown rooms are
  /// left out.
  package func snapshots(
    of rooms: [RoomID], limit: Int
  ) async throws -> [RoomID: RoomSnapshot] {
    guard !rooms.isEmpty else { return [:] }
    let rows = try await database.query(
      Self.snapshots, [.texts(rooms.map(\.text)), .int(Int64(limit))])
    var snapshots: [RoomID: RoomSnapshot] = [:]
    var seen: [EventID: StoredEvent] = [:]
    for row in 0..<rows.count {
      guard let room = rows.text(row, StoredEventRow.width).flatMap({ RoomID($0) }) else {
        continue
      }
      // An event that is in both parts is parsed once.
      let id = rows.text(row, 2).flatMap { EventID($0) }
      let stored =
        try id.flatMap { seen[$0] }
        ?? StoredEventRow.decode(
          rows, row, mayHaveChildren: rows.bool(row, StoredEventRow.width + 2) ?? true)
      if rows.int(row, StoredEventRow.width + 1) == 0 {
        seen[stored.event.eventID] = stored
        snapshots[room, default: RoomSnapshot()].timeline.append(stored)
      } else {
        snapshots[room, default: RoomSnapshot()].state.append(stored)
      }
    }
    for room in snapshots.keys {
      snapshots[room]?.timeline.sort { $0.streamOrdering < $1.streamOrdering }
    }
    return snapshots
  }
}
