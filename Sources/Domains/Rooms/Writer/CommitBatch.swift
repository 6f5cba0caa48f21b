import MatrixIdentifiers
import Postgres
import PushRules
import RoomEvents

/// What one commit writes: the events of any number of rooms in the order of their stream
/// positions, and how the rooms stand afterwards.
struct CommitBatch: Sendable {
  var created: [(head: RoomHead, creator: UserID)] = []
  var events: [PlacedEvent] = []
  /// By the rooms' numbers.
  var layers: [(room: Int64, writes: LayerWrites)] = []
  var heads: [Head] = []

  /// How a room stands afterwards.
  struct Head: Sendable {
    let roomID: RoomID
    let extremities: [Int64]
    let depth: Int64
    let snapshot: SnapshotID?

    init(_ head: RoomHead) {
      roomID = head.roomID
      extremities = head.forwardExtremities.compactMap { head.graph.number(of: $0) }
      depth = head.depth
      snapshot = head.stateSnapshot
    }
  }

  private static let insertRooms = Statement(
    "writer_insert_rooms",
    """
    INSERT INTO rooms (room_id, room_version, creator, created_at, room_nid, state_salt)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
      $6::bytea[])
    """)
  private static let upsertHeads = Statement(
    "writer_upsert_heads",
    """
    INSERT INTO room_heads (room_id, forward_extremities, depth, state_snapshot)
    SELECT r, string_to_array(e, ' ')::bigint[], d, s
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
      AS h (r, e, d, s)
    ON CONFLICT (room_id) DO UPDATE
    SET forward_extremities = excluded.forward_extremities, depth = excluded.depth,
      state_snapshot = excluded.state_snapshot
    """)
  private static let insertEvents = Statement(
    "writer_insert_events",
    """
    INSERT INTO events (stream_ordering, writer, room_id, event_id, type, state_key, sender,
      room_version, json, replaced, txn_device, txn_id, depth, prev_events, chain_place,
      auth_link, second_auth_link, more_auth_links, state_snapshot, replaces, delay_id,
      replaces_other)
    SELECT o, $1, r, e, t, k, s, n, j, u, d, x, h, string_to_array(p, ' ')::bigint[], c, l, m,
      string_to_array(q, ' ')::bigint[], a, b, f, nullif(y, false)
    FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
      $8::text[], $9::bytea[], $10::bytea[], $11::text[], $12::text[], $13::bigint[],
      $14::text[], $15::bigint[], $16::bigint[], $17::bigint[], $18::text[], $19::bigint[],
      $20::bigint[], $21::text[], $22::boolean[])
      AS v (o, r, e, t, k, s, n, j, u, d, x, h, p, c, l, m, q, a, b, f, y)
    """)
  private static let insertTransactions = Statement(
    "writer_insert_transactions",
    """
    INSERT INTO event_txn_ids (user_id, device_id, room_id, txn_id, endpoint, event_id, created_at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
      $7::bigint[])
    """)
  /// The statements of this batch, none that has nothing to do.
  func queries(writer: Int32, now: Int64) -> [Query] {
    var queries: [Query] = []
    if !created.isEmpty { queries.append(roomsQuery(now: now)) }
    queries.append(headsQuery())
    queries.append(eventsQuery(writer: writer))
    queries += StateBatch(events, layers: layers).queries(writer: writer)
    let sent = events.filter { $0.planned.transaction != nil }
    if !sent.isEmpty { queries.append(Self.transactionsQuery(sent.map(\.planned), now: now)) }
    queries += RelationBatch(events).queries
    queries +=
      RedactionBatch(
        events.map(\.planned).compactMap { planned in
          planned.redaction.map { ($0, planned.event.eventID) }
        }
      ).queries
    return queries + PushActions.queries(for: events.compactMap(\.push))
  }

  private func roomsQuery(now: Int64) -> Query {
    Query(
      Self.insertRooms,
      [
        .texts(created.map(\.head.roomID.text)), .texts(created.map(\.head.version.id)),
        .texts(created.map(\.creator.text)), .ints(created.map { _ in now }),
        .ints(created.map(\.head.cursor.room)),
        .byteArrays(created.map(\.head.cursor.salt.bytes)),
      ])
  }

  private func headsQuery() -> Query {
    Query(
      Self.upsertHeads,
      [
        .texts(heads.map(\.roomID.text)),
        .texts(heads.map { Self.list($0.extremities) }),
        .ints(heads.map(\.depth)), .nullableInts(heads.map(\.snapshot?.raw)),
      ])
  }

  private func eventsQuery(writer: Int32) -> Query {
    let all = events.map(\.planned)
    let replaced = all.map { $0.edit.flatMap { $0.old == StateEdit.none ? nil : $0.old } }
    let chains = zip(events, replaced).map { ChainColumns($0.place.node, replaces: $1) }
    return Query(
      Self.insertEvents,
      [
        .int(Int64(writer)), .ints(events.map(\.ordering)),
        .texts(all.map(\.event.roomID.text)), .texts(all.map(\.event.eventID.text)),
        .texts(all.map(\.event.type)), .nullableTexts(all.map(\.event.stateKey)),
        .texts(all.map(\.event.sender.text)), .texts(all.map(\.event.version.id)),
        .byteArrays(all.map(\.event.bytes)),
        .nullableByteArrays(all.map { $0.replaced.isEmpty ? nil : $0.replaced }),
        .nullableTexts(all.map { $0.transaction?.deviceID }),
        .nullableTexts(all.map { $0.transaction?.transactionID }),
        .ints(all.map(\.event.depth)),
        .nullableTexts(events.map { Self.nullableList($0.place.previous) }),
        .nullableInts(chains.map(\.place)), .nullableInts(chains.map(\.link)),
        .nullableInts(chains.map(\.secondLink)),
        .nullableTexts(chains.map { Self.nullableList($0.moreLinks) }),
        .nullableInts(events.map(\.snapshot?.raw)),
        .nullableInts(replaced), .nullableTexts(all.map(\.delayID)),
        .bools(chains.map(\.replacesOther)),
      ])
  }

  /// The form in which an array within an array is sent.
  private static func list(_ numbers: [Int64]) -> String {
    numbers.lazy.map(String.init).joined(separator: " ")
  }

  private static func nullableList(_ numbers: [Int64]) -> String? {
    numbers.isEmpty ? nil : list(numbers)
  }

  private static func transactionsQuery(_ sent: [PlannedEvent], now: Int64) -> Query {
    let keys = sent.compactMap(\.transaction)
    return Query(
      insertTransactions,
      [
        .texts(keys.map(\.userID.text)), .texts(keys.map(\.deviceID)),
        .texts(sent.map(\.event.roomID.text)), .texts(keys.map(\.transactionID)),
        .texts(keys.map(\.endpoint)),
        .texts(sent.map(\.event.eventID.text)), .ints(sent.map { _ in now }),
      ])
  }
}
