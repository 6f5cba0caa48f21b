package import MatrixIdentifiers
package import Postgres

extension LayerStore {
  private static let insert = Statement(
    "layers_insert",
    """
    INSERT INTO state_layers (room_nid, layer, parent, hash, changes)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[])
    """)
  private static let append = Statement(
    "layers_append",
    """
    UPDATE state_layers SET changes = changes || $3 WHERE room_nid = $1 AND layer = $2
    """)

  // The room's writer has this lock when it commits.
  private static let lock = Statement(
    "layers_lock", "SELECT depth FROM room_heads WHERE room_id = $1 FOR UPDATE",
    repeatable: false)
  private static let byHash = Statement(
    "layers_by_hash",
    """
    SELECT l.layer FROM rooms r JOIN state_layers l USING (room_nid)
    WHERE r.room_id = $1 AND l.hash = $2 ORDER BY l.layer LIMIT 1
    """)

  /// Keeps layers of the room from being removed, or newly used, until the transaction ends.
  static func lockQuery(_ room: RoomID) -> Query {
    Query(lock, [.text(room.text)])
  }

  /// A state of the room that is stored already, to be used within the transaction.
  package static func snapshot(
    with hash: StateHash, in room: RoomID, _ transaction: any Querying
  ) async throws -> SnapshotID? {
    // Two statements: the second sees what happened while the first one waited.
    let results = try await transaction.queryAll([
      lockQuery(room), Query(byHash, [.text(room.text), .bytes(hash.bytes)]),
    ])
    return results[1].int(0, 0).map { SnapshotID(layer: $0, index: 0) }
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
    // One by one, as with several at a time the statement would be planned anew each time.
    for (room, layer, changes) in appended {
      queries.append(Query(append, [.int(room), .int(layer), .bytes(changes)]))
    }
    return queries
  }

  private static func bytes(_ changes: [StateChange], layer: Int64) -> [UInt8] {
    changes.flatMap { LayerCodec.encode($0, layer: layer) }
  }
}
