import MatrixIdentifiers
package import Postgres
import RoomEvents

/// Reads what the owner of rooms needs in order to decide.
package struct WriterStore: Sendable {
  private static let heads = Statement(
    "writer_heads",
    """
    SELECT r.room_id, r.room_version, h.depth,
      ARRAY(SELECT e.event_id FROM unnest(h.forward_extremities) WITH ORDINALITY AS x (n, i)
        JOIN events e ON e.stream_ordering = x.n ORDER BY x.i),
      h.forward_extremities, r.room_nid, r.state_salt, h.state_snapshot, l.layer, l.parent,
      l.hash, l.changes
    FROM rooms r JOIN room_heads h USING (room_id)
    JOIN state_layers l ON l.room_nid = r.room_nid AND l.layer = h.state_snapshot >> 6
    WHERE r.room_id = ANY($1)
    """)
  private static let state = Statement(
    "writer_state",
    """
    SELECT s.room_nid, s.slot, s.event, s.type, s.state_key
    FROM rooms r JOIN state_slots s USING (room_nid) WHERE r.room_id = ANY($1)
    """)
  private static let events = Statement(
    "writer_events",
    """
    SELECT e.event_id, e.room_id, e.json, e.stream_ordering, e.type, e.state_key,
      \(ChainColumns.node("e"))
    FROM events e WHERE e.event_id = ANY($1) OR e.stream_ordering = ANY($2)
    """)
  private static let transactions = Statement(
    "writer_transactions",
    """
    SELECT t.user_id, t.device_id, t.room_id, t.txn_id, t.endpoint, t.event_id
    FROM event_txn_ids t
    JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS k (u, d, r, x, p)
      ON t.user_id = k.u AND t.device_id = k.d AND t.room_id = k.r AND t.txn_id = k.x
        AND t.endpoint = k.p
    """)
  // For one, as mostly, without a plan that depends on how many there are: it would be made anew
  // each time, which takes longer than to run it.
  private static let transaction = Statement(
    "writer_transaction",
    """
    SELECT user_id, device_id, room_id, txn_id, endpoint, event_id FROM event_txn_ids
    WHERE user_id = $1 AND device_id = $2 AND room_id = $3 AND txn_id = $4 AND endpoint = $5
    """)
  private static let orderings = Statement(
    "writer_orderings", "SELECT nextval('events_stream_seq') FROM generate_series(1, $1)",
    repeatable: false)
  private static let ordering = Statement(
    "writer_ordering", "SELECT nextval('events_stream_seq')", repeatable: false)

  private let database: Database

  package init(database: Database) {
    self.database = database
  }

  /// The heads of those of the rooms that exist, without the contents of their state.
  func loadHeads(_ rooms: [RoomID]) async throws -> [RoomHead] {
    let names = Bind.texts(rooms.map(\.text))
    let results = try await database.queryAll([
      Query(Self.heads, [names]), Query(Self.state, [names]),
    ])
    let slots = StoredSlots.byRoom(results[1])
    return try (0..<results[0].count).compactMap { row in
      guard let room = results[0].text(row, 0).flatMap({ RoomID($0) }),
        let version = results[0].text(row, 1).flatMap({ RoomVersion(id: $0) }),
        let depth = results[0].int(row, 2), let ids = results[0].texts(row, 3),
        let numbers = results[0].ints(row, 4), ids.count == numbers.count,
        let nid = results[0].int(row, 5), let salt = results[0].bytes(row, 6),
        let snapshot = results[0].int(row, 7)
      else { return nil }
      let stored = slots[nid] ?? StoredSlots()
      let extremities = ids.compactMap { EventID($0) }
      var head = RoomHead(
        roomID: room, version: version, forwardExtremities: extremities, depth: depth,
        state: stored.current,
        cursor: StateCursor(
          room: nid, salt: StateSalt(salt), snapshot: SnapshotID(raw: snapshot),
          layer: try LayerStore.layer(results[0], row, from: 8), vacantSlots: stored.vacant,
          nextSlot: stored.next))
      head.graph = HeadGraph(
        extremities: Dictionary(zip(extremities, numbers)) { first, _ in first })
      return head
    }
  }

  static func eventsQuery(_ ids: Set<EventID>, numbers: Set<Int64>) -> Query {
    Query(events, [.texts(ids.map(\.text)), .ints(Array(numbers))])
  }

  /// A row of `eventsQuery`.
  struct EventRow {
    let id: EventID
    let roomID: String
    let bytes: [UInt8]
    let number: Int64
    /// Of a state event.
    let node: ChainNode?
  }

  static func events(_ rows: Rows) -> [EventRow] {
    (0..<rows.count).compactMap { row in
      guard let id = rows.text(row, 0).flatMap({ EventID($0) }), let room = rows.text(row, 1),
        let bytes = rows.bytes(row, 2), let number = rows.int(row, 3)
      else { return nil }
      var node: ChainNode?
      if let type = rows.text(row, 4), let stateKey = rows.text(row, 5) {
        node = ChainColumns.node(rows, row, from: 6, number, StateTuple(type, stateKey))
      }
      return EventRow(id: id, roomID: room, bytes: bytes, number: number, node: node)
    }
  }

  static func transactionsQuery(_ keys: [RoomTransaction]) -> Query {
    if keys.count == 1, let only = keys.first {
      return Query(
        transaction,
        [
          .text(only.key.userID.text), .text(only.key.deviceID), .text(only.roomID.text),
          .text(only.key.transactionID), .text(only.key.endpoint),
        ])
    }
    return Query(
      transactions,
      [
        .texts(keys.map(\.key.userID.text)), .texts(keys.map(\.key.deviceID)),
        .texts(keys.map(\.roomID.text)), .texts(keys.map(\.key.transactionID)),
        .texts(keys.map(\.key.endpoint)),
      ])
  }

  static func transactions(_ rows: Rows) -> [RoomTransaction: EventID] {
    var found: [RoomTransaction: EventID] = [:]
    for row in 0..<rows.count {
      guard let userID = rows.text(row, 0).flatMap({ UserID($0) }),
        let deviceID = rows.text(row, 1), let roomID = rows.text(row, 2).flatMap({ RoomID($0) }),
        let transactionID = rows.text(row, 3), let endpoint = rows.text(row, 4),
        let eventID = rows.text(row, 5).flatMap({ EventID($0) })
      else { continue }
      let key = TransactionKey(
        userID: userID, deviceID: deviceID, transactionID: transactionID, endpoint: endpoint)
      found[RoomTransaction(roomID: roomID, key: key)] = eventID
    }
    return found
  }

  static func orderingsQuery(_ count: Int) -> Query {
    count == 1 ? Query(ordering) : Query(orderings, [.int(Int64(count))])
  }
}

/// A transaction id is a room's own: the same id in another room is another transaction.
struct RoomTransaction: Hashable, Sendable {
  let roomID: RoomID
  let key: TransactionKey
}
