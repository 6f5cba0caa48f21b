import Postgres

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
  private static let insert = Statement(
    "layers_insert",
    """
    INSERT INTO state_layers (room_nid, layer, parent, hash, changes)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[])
    """)
  private static let append = Statement(
    "layers_append",
    """
    UPDATE state_layers l SET changes = l.changes || a.changes
    FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS a (room_nid, layer, changes)
    WHERE l.room_nid = a.room_nid AND l.layer = a.layer
    """)

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

  /// The statements that store what was decided, none that has nothing to do.
  static func queries(_ writes: [(room: Int64, writes: LayerWrites)]) -> [Query] {
    let inserted = writes.flatMap { room, writes in writes.inserted.map { (room, $0) } }
    let appended = writes.flatMap { room, writes in
      writes.appended.map { (room, $0.key, bytes($0.value, layer: $0.key)) }
    }
    var queries: [Query] = []
    if !inserted.isEmpty {
      queries.append(
        Query(
          insert,
          [
            .ints(inserted.map(\.0)), .ints(inserted.map(\.1.id)),
            .nullableInts(inserted.map { $0.1.parent?.raw }),
            .byteArrays(inserted.map(\.1.hash.bytes)),
            .byteArrays(inserted.map { bytes($0.1.changes, layer: $0.1.id) }),
          ]))
    }
    if !appended.isEmpty {
      queries.append(
        Query(
          append,
          [.ints(appended.map(\.0)), .ints(appended.map(\.1)), .byteArrays(appended.map(\.2))]))
    }
    return queries
  }

  private static func bytes(_ changes: [StateChange], layer: Int64) -> [UInt8] {
    changes.flatMap { LayerCodec.encode($0, layer: layer) }
  }
}
