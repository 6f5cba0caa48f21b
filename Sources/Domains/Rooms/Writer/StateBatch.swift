import MatrixIdentifiers
import Postgres
import RoomEvents

/// The state events among a commit's events: the history of state, what is current after it
/// and who is in which room.
struct StateBatch {
  private struct Place: Hashable {
    let roomID: RoomID
    let key: StateTuple
  }

  private typealias Row = (ordering: Int64, event: Event, stateKey: String)

  private static let insertDeltas = Statement(
    "writer_insert_state_deltas",
    """
    INSERT INTO state_deltas (room_id, type, state_key, stream_ordering, event_id, access)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
    """)
  private static let upsertCurrent = Statement(
    "writer_upsert_current_state",
    """
    INSERT INTO current_state (room_id, type, state_key, stream_ordering, event_id)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
    ON CONFLICT (room_id, type, state_key) DO UPDATE
    SET event_id = excluded.event_id, stream_ordering = excluded.stream_ordering
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

  private let deltas: [Row]
  /// The last of each place: one statement may not touch a row twice.
  private let current: [Row]

  init(_ events: [(ordering: Int64, planned: PlannedEvent)]) {
    var latest: [Place: Row] = [:]
    var rows: [Row] = []
    for (ordering, planned) in events {
      guard let stateKey = planned.event.stateKey else { continue }
      let row = (ordering, planned.event, stateKey)
      rows.append(row)
      let key = StateTuple(planned.event.type, stateKey)
      latest[Place(roomID: planned.event.roomID, key: key)] = row
    }
    deltas = rows
    current = Array(latest.values)
  }

  func queries(writer: Int32) -> [Query] {
    guard !deltas.isEmpty else { return [] }
    var queries = [
      Query(
        Self.insertDeltas,
        Self.binds(deltas) + [.nullableTexts(deltas.map { Self.access($0.event) })]),
      Query(Self.upsertCurrent, Self.binds(current)),
    ]
    let members = current.filter { $0.event.type == "m.room.member" && UserID($0.stateKey) != nil }
    if !members.isEmpty { queries.append(Self.membershipsQuery(members, writer: writer)) }
    return queries
  }

  private static func access(_ event: Event) -> String? {
    event.type == EventType.historyVisibility
      ? HistoryVisibility.Setting(of: event).rawValue : event.membership
  }

  private static func binds(_ rows: [Row]) -> [Bind] {
    [
      .texts(rows.map(\.event.roomID.text)), .texts(rows.map(\.event.type)),
      .texts(rows.map(\.stateKey)), .ints(rows.map(\.ordering)),
      .texts(rows.map(\.event.eventID.text)),
    ]
  }

  private static func membershipsQuery(_ rows: [Row], writer: Int32) -> Query {
    Query(
      upsertMemberships,
      [
        .int(Int64(writer)), .texts(rows.map(\.stateKey)), .texts(rows.map(\.event.roomID.text)),
        .texts(rows.map { $0.event.membership ?? "leave" }),
        .texts(rows.map(\.event.eventID.text)), .texts(rows.map(\.event.sender.text)),
        .ints(rows.map(\.ordering)),
      ])
  }
}
