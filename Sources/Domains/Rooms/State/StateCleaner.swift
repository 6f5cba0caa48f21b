package import MatrixIdentifiers
package import Postgres

/// Removes the layers that no state is made of any more, as after old events were deleted.
package struct StateCleaner: Sendable {
  /// Layers looked at in one transaction. For each, entries of events may be passed over that are
  /// gone.
  static let batchLimit = 50

  private static let page = Statement(
    "state_cleaner_rooms",
    "SELECT room_id FROM rooms WHERE room_id > $1 ORDER BY room_id LIMIT $2")
  // With `+ 0`, lest all layers of the room are looked through for those upon one.
  private static let candidates = Statement(
    "state_cleaner_candidates",
    """
    SELECT l.layer, l.parent, l.hash, l.changes,
      h.state_snapshot >> 6 = l.layer
        OR EXISTS (SELECT FROM events e
          WHERE e.state_snapshot >= l.layer << 6 AND e.state_snapshot < l.layer + 1 << 6
            AND (e.state_key IS NULL OR e.standing IS NOT NULL))
        OR EXISTS (SELECT FROM events e
          WHERE e.room_snapshot >= l.layer << 6 AND e.room_snapshot < l.layer + 1 << 6),
      ARRAY(SELECT c.layer FROM state_layers c
        WHERE c.room_nid + 0 = l.room_nid
          AND c.parent >= l.layer << 6 AND c.parent < l.layer + 1 << 6)
    FROM rooms r JOIN room_heads h USING (room_id) JOIN state_layers l USING (room_nid)
    WHERE r.room_id = $1 AND l.layer < $2
    ORDER BY l.layer DESC LIMIT $3
    """)
  // Of the events that changed something.
  private static let madeByEvents = Statement(
    "state_cleaner_made_by_events",
    """
    SELECT DISTINCT state_snapshot >> 6 FROM events
    WHERE stream_ordering = ANY($1) AND state_snapshot >> 6 = ANY($2)
    """)
  private static let delete = Statement(
    "state_cleaner_delete",
    """
    DELETE FROM state_layers l USING rooms r
    WHERE r.room_id = $1 AND l.room_nid = r.room_nid AND l.layer = ANY($2)
    """)

  private let database: Database

  package init(database: Database) {
    self.database = database
  }

  /// Some rooms, in the order of their ids.
  package func rooms(after room: String, limit: Int64) async throws -> [RoomID] {
    let rows = try await database.query(Self.page, [.text(room), .int(limit)])
    return (0..<rows.count).compactMap { rows.text($0, 0).flatMap { RoomID($0) } }
  }

  package struct Progress: Sendable, Equatable {
    package let removed: Int
    /// Where to go on; nil at the end.
    package let next: Int64?
  }

  /// Looks at some of a room's layers, the newest first, as those lie upon the older ones.
  /// - Parameter end: the layers before this number; begin with the default.
  package func clean(_ room: RoomID, before end: Int64 = .max) async throws -> Progress {
    try await database.transaction { try await Self.clean(room, before: end, in: $0) }
  }

  /// The same as a part of `transaction`.
  package static func clean(
    _ room: RoomID, before end: Int64, in transaction: Transaction
  ) async throws -> Progress {
    _ = try await transaction.queryAll([LayerStore.lockQuery(room)])
    let rows = try await transaction.query(
      candidates, [.text(room.text), .int(end), .int(Int64(batchLimit))])
    let made = try await madeByEvents(rows, transaction)
    var removed: Set<Int64> = []
    for row in 0..<rows.count {
      guard let layer = rows.int(row, 0), rows.bool(row, 4) == false, !made.contains(layer),
        let children = rows.ints(row, 5), removed.isSuperset(of: children)
      else { continue }
      removed.insert(layer)
    }
    if !removed.isEmpty {
      _ = try await transaction.query(delete, [.text(room.text), .ints(Array(removed))])
    }
    let isLast = rows.count < batchLimit
    return Progress(removed: removed.count, next: isLast ? nil : rows.int(rows.count - 1, 0))
  }

  /// Those of the layers in which a state is that an event made.
  private static func madeByEvents(
    _ rows: Rows, _ transaction: Transaction
  ) async throws -> Set<Int64> {
    let layers = try (0..<rows.count).map { try LayerStore.layer(rows, $0, from: 0) }
    let numbers = layers.flatMap { layer in
      // What is bigger was not made by one event, and is no state of an event.
      layer.changes.filter { $0.edits.count == 1 }.map { $0.edits[0].new }
    }
    let found = try await transaction.query(
      madeByEvents, [.ints(numbers), .ints(layers.map(\.id))])
    return Set((0..<found.count).compactMap { found.int($0, 0) })
  }
}
