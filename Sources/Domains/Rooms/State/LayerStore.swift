package import MatrixIdentifiers
package import Postgres

/// Where a state is with regard to an event.
package enum EventSide: Sendable {
  case before
  case after
}

/// The stored layers of the rooms' states.
package struct LayerStore: Sendable {
  private static let columns = "l.room_nid, l.layer, l.parent, l.hash, l.changes"
  /// Rows of (room, snapshot), each leading to the layers under it.
  private static func chains(from start: String) -> String {
    """
    WITH RECURSIVE chain (room_nid, snapshot) AS (
      \(start)
      UNION
      SELECT l.room_nid, l.parent FROM chain c
      JOIN state_layers l ON l.room_nid = c.room_nid AND l.layer = c.snapshot >> 6
      WHERE l.parent IS NOT NULL
    )
    """
  }
  private static let underAll = Statement(
    "layers_under",
    """
    \(chains(from: "SELECT * FROM unnest($1::bigint[], $2::bigint[])"))
    SELECT \(columns) FROM state_layers l
    WHERE (l.room_nid, l.layer) IN (SELECT room_nid, snapshot >> 6 FROM chain)
    """)
  // The last event that is told may lie on a fork: then the room's state is noted with it.
  private static let atPosition = Statement(
    "layers_at_position",
    """
    \(chains(
      from: """
        (SELECT r.room_nid, coalesce(e.room_snapshot, e.state_snapshot)
        FROM events e JOIN rooms r USING (room_id)
        WHERE e.room_id = $1 AND e.stream_ordering <= $2 AND e.\(StoredEventRow.isHistory)
        ORDER BY e.stream_ordering DESC LIMIT 1)
        """))
    SELECT \(columns), c.snapshot FROM chain c
    JOIN state_layers l ON l.room_nid = c.room_nid AND l.layer = c.snapshot >> 6
    """)
  private static let afterEvent = Statement(
    "layers_after_event",
    """
    \(chains(
      from: """
        SELECT r.room_nid, e.state_snapshot FROM events e JOIN rooms r USING (room_id)
        WHERE e.event_id = $1 AND e.state_snapshot IS NOT NULL
        """))
    SELECT \(columns), c.snapshot, (SELECT stream_ordering FROM events WHERE event_id = $1)
    FROM chain c JOIN state_layers l ON l.room_nid = c.room_nid AND l.layer = c.snapshot >> 6
    """)
  private static let afterEvents = Statement(
    "layers_snapshots",
    """
    SELECT event_id, state_snapshot FROM events
    WHERE event_id = ANY($1) AND state_snapshot IS NOT NULL
    """)
  private static let underRoom = Statement(
    "layers_under_in_room",
    """
    \(chains(
      from: """
        SELECT room_nid, snapshot FROM rooms, unnest($2::bigint[]) AS s (snapshot)
        WHERE room_id = $1
        """))
    SELECT \(columns) FROM state_layers l
    WHERE (l.room_nid, l.layer) IN (SELECT room_nid, snapshot >> 6 FROM chain)
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// The states after events, as far as they are known.
  package func snapshots(after events: [EventID]) async throws -> [EventID: SnapshotID] {
    guard !events.isEmpty else { return [:] }
    let rows = try await database.query(Self.afterEvents, [.texts(events.map(\.text))])
    var snapshots: [EventID: SnapshotID] = [:]
    for row in 0..<rows.count {
      guard let id = rows.text(row, 0).flatMap({ EventID($0) }) else { continue }
      snapshots[id] = rows.int(row, 1).map { SnapshotID(raw: $0) }
    }
    return snapshots
  }

  /// All layers that some states of a room are made of.
  package func tree(of snapshots: [SnapshotID], in room: RoomID) async throws -> SnapshotTree {
    let rows = try await database.query(
      Self.underRoom, [.text(room.text), .ints(snapshots.map(\.raw))])
    return try Self.trees(rows).values.first ?? SnapshotTree()
  }

  /// The state after an event, or before it; nil when it is not known.
  package func state(
    _ side: EventSide, _ event: EventID
  ) async throws -> RoomState? {
    let rows = try await database.query(Self.afterEvent, [.text(event.text)])
    guard rows.count > 0, let number = rows.int(0, 6) else { return nil }
    let tree = try Self.trees(rows).values.first ?? SnapshotTree()
    let after = Self.top(rows)
    return switch side {
    case .after: try tree.state(at: after)
    case .before: try tree.state(at: tree.snapshot(before: number, leadingTo: after))
    }
  }

  /// The room's state when the event at `position`, or the last one before it, had come.
  package func state(of room: RoomID, at position: Int64) async throws -> RoomState {
    let rows = try await database.query(Self.atPosition, [.text(room.text), .int(position)])
    let tree = try Self.trees(rows).values.first ?? SnapshotTree()
    return try tree.state(at: Self.top(rows))
  }

  /// Of rows with the snapshots of one chain in their sixth column: each layer is under a later
  /// one.
  private static func top(_ rows: Rows) -> SnapshotID? {
    (0..<rows.count).lazy.compactMap { rows.int($0, 5) }.max().map { SnapshotID(raw: $0) }
  }

  /// All layers that the states are made of.
  static func layersQuery(_ snapshots: [(room: Int64, snapshot: SnapshotID)]) -> Query {
    Query(underAll, [.ints(snapshots.map(\.room)), .ints(snapshots.map(\.snapshot.raw))])
  }

  /// By the rooms' numbers.
  static func trees(_ rows: Rows) throws -> [Int64: SnapshotTree] {
    var trees: [Int64: SnapshotTree] = [:]
    for row in 0..<rows.count {
      guard let room = rows.int(row, 0) else { continue }
      trees[room, default: SnapshotTree()].insert(try layer(rows, row, from: 1))
    }
    return trees
  }

  /// A layer in the columns (layer, parent, hash, changes) from `first` on.
  static func layer(
    _ rows: Rows, _ row: Int, from first: Int
  ) throws(StateStorageError) -> StateLayer {
    guard let id = rows.int(row, first) else { throw .missingLayer(0) }
    guard let hash = rows.bytes(row, first + 2).flatMap({ StateHash($0) }),
      let changes = rows.bytes(row, first + 3)
    else { throw .damagedLayer(id) }
    return StateLayer(
      id: id, parent: rows.int(row, first + 1).map { SnapshotID(raw: $0) }, hash: hash,
      changes: try LayerCodec.decode(changes, layer: id))
  }
}
