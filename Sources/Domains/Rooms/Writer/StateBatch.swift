import MatrixIdentifiers
import Postgres
import RoomEvents

/// The state events among a commit's events: the states they lead to, what is current after them
/// and who is in which room.
struct StateBatch {
  private struct Place: Hashable {
    let room: Int64
    let slot: Int32
  }

  private typealias Row = (placed: PlacedEvent, edit: StateEdit, stateKey: String)

  /// Bytes of a slot's history, beyond which it goes to a row of its own.
  private static let historyLimit = 512

  // What was in a slot is not read: its history is put together in the database.
  private static let upsertSlots = Statement(
    "writer_upsert_state_slots",
    """
    WITH changed AS (
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],
        $6::bytea[]) AS v (room_nid, slot, event, type, state_key, history)
    ), full_histories AS (
      INSERT INTO state_histories (room_nid, slot, position, history)
      SELECT s.room_nid, s.slot, c.event, s.history
      FROM changed c JOIN state_slots s USING (room_nid, slot)
      WHERE octet_length(s.history) > \(historyLimit)
    )
    INSERT INTO state_slots AS s (room_nid, slot, event, type, state_key, history)
    SELECT room_nid, slot, event, type, state_key, history FROM changed
    ON CONFLICT (room_nid, slot) DO UPDATE
    SET event = excluded.event, changed_at = NULL,
      history = CASE WHEN octet_length(s.history) > \(historyLimit) THEN excluded.history
        ELSE coalesce(s.history || excluded.history, s.history, excluded.history) END
    """)
  private static let upsertMemberships = Statement(
    "writer_upsert_memberships",
    """
    INSERT INTO room_memberships (user_id, room_id, membership, event_id, sender,
      stream_ordering, writer)
    SELECT u, r, m, e, s, o, $1
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
      AS v (u, r, m, e, s, o)
    ON CONFLICT (user_id, room_id) DO UPDATE
    SET membership = excluded.membership, event_id = excluded.event_id,
      sender = excluded.sender, stream_ordering = excluded.stream_ordering,
      writer = excluded.writer, forgotten = false
    """)

  /// The last of each place: one statement may not touch a row twice.
  private let current: [Row]
  /// Of all events of a place.
  private var histories: [Place: [UInt8]] = [:]
  private let layers: [(room: Int64, writes: LayerWrites)]

  init(_ events: [PlacedEvent], layers: [(room: Int64, writes: LayerWrites)]) {
    self.layers = layers
    var latest: [Place: Row] = [:]
    for placed in events {
      let event = placed.planned.event
      guard let edit = placed.planned.edit, let stateKey = event.stateKey else { continue }
      let place = Place(room: placed.room, slot: edit.slot)
      latest[place] = (placed, edit, stateKey)
      if placed.planned.changesAccess {
        histories[place, default: []] += AccessHistory.entry(event, at: placed.ordering)
      }
    }
    current = Array(latest.values)
  }

  func queries(writer: Int32) -> [Query] {
    guard !current.isEmpty else { return [] }
    var queries = LayerStore.queries(layers) + [slotsQuery()]
    let members = current.filter {
      $0.placed.planned.event.type == EventType.member && UserID($0.stateKey) != nil
    }
    if !members.isEmpty { queries.append(Self.membershipsQuery(members, writer: writer)) }
    return queries
  }

  private func slotsQuery() -> Query {
    Query(
      Self.upsertSlots,
      [
        .ints(current.map(\.placed.room)), .ints(current.map { Int64($0.edit.slot) }),
        .ints(current.map(\.edit.new)), .texts(current.map(\.placed.planned.event.type)),
        .texts(current.map(\.stateKey)),
        .nullableByteArrays(
          current.map { histories[Place(room: $0.placed.room, slot: $0.edit.slot)] }),
      ])
  }

  private static func membershipsQuery(_ rows: [Row], writer: Int32) -> Query {
    let events = rows.map(\.placed.planned.event)
    return Query(
      upsertMemberships,
      [
        .int(Int64(writer)), .texts(rows.map(\.stateKey)), .texts(events.map(\.roomID.text)),
        .texts(events.map { $0.membership ?? Membership.leave }),
        .texts(events.map(\.eventID.text)), .texts(events.map(\.sender.text)),
        .ints(rows.map(\.placed.ordering)),
      ])
  }
}
