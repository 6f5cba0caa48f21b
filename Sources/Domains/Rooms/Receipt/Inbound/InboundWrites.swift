import EventAuth
import MatrixIdentifiers
import Postgres
import RoomEvents

/// Writes events of other servers, one at a time.
struct InboundWrites: Sendable {
  private static let insertRoom = Statement(
    "inbound_insert_room",
    """
    INSERT INTO rooms (room_id, room_version, creator, created_at, room_nid, state_salt)
    VALUES ($1, $2, $3, $4, $5, $6)
    """)
  private static let upsertHead = Statement(
    "inbound_upsert_head",
    """
    INSERT INTO room_heads (room_id, forward_extremities, depth, state_snapshot)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (room_id) DO UPDATE
    SET forward_extremities = excluded.forward_extremities, depth = excluded.depth,
      state_snapshot = excluded.state_snapshot
    """)
  private static let insertEvent = Statement(
    "inbound_insert_event",
    """
    INSERT INTO events (stream_ordering, writer, room_id, event_id, type, state_key, sender,
      room_version, json, replaced, depth, prev_events, standing, standing_reason, state_snapshot,
      replaces, redacted_by, unsigned, chain_place, auth_link, second_auth_link, more_auth_links,
      replaces_other)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, nullif($12, '{}'::bigint[]), $13, $14,
      $15, $16, $17, $18, $19, $20, $21, nullif($22, '{}'::bigint[]),
      $23)
    """)
  // Its place among auth chains it has had since it came, whatever was current.
  private static let placeOutlier = Statement(
    "inbound_place_outlier",
    """
    UPDATE events SET prev_events = nullif($2, '{}'::bigint[]), standing = $3,
      standing_reason = $4, state_snapshot = $5, replaces = $6, replaces_other = true,
      replaced = $7, json = $8,
      redacted_by = $9, unsigned = $10
    WHERE stream_ordering = $1
    """)
  private static let addGaps = Statement(
    "inbound_add_gaps",
    """
    INSERT INTO missing_prev_events (room_id, event_id, referrer)
    SELECT $1, e, $3 FROM unnest($2::text[]) AS v (e)
    ON CONFLICT DO NOTHING
    """)
  private static let closeGaps = Statement(
    "inbound_close_gaps",
    """
    WITH closed AS (
      DELETE FROM missing_prev_events WHERE event_id = $1 AND room_id = $2 RETURNING referrer
    )
    UPDATE events SET prev_events = coalesce(prev_events, '{}') || $3
    FROM closed WHERE stream_ordering = closed.referrer
    """)
  private static let noteRoomState = Statement(
    "inbound_note_room_state",
    "UPDATE events SET room_snapshot = $2 WHERE stream_ordering = $1")
  private static let insertSlots = Statement(
    "inbound_insert_slots",
    """
    INSERT INTO state_slots (room_nid, slot, type, state_key)
    SELECT $1, s, \(StateSlots.stored("t")), k
    FROM unnest($2::bigint[], $3::text[], $4::text[]) AS v (s, t, k)
    """)
  private static let removeMembers = Statement(
    "inbound_remove_members",
    "DELETE FROM room_memberships WHERE room_id = $1 AND user_id = ANY($2)")

  let database: any Querying
  let room: RoomID
  let writer: Int32

  /// What is stored of one event besides what its plan says.
  struct Row {
    let number: Int64
    /// In the form in which it is kept.
    var event: Event
    var standing: EventStanding
    let previous: [Int64]
    let node: ChainNode?
    let snapshot: SnapshotID?
    /// The number of the state event whose place it took.
    var replaces: Int64?
    var replaced: [UInt8] = []
    var redactedBy: EventID?
    var unsigned: [UInt8]?
  }

  func roomQuery(_ head: RoomHead, creator: UserID, now: Int64) -> Query {
    Query(
      Self.insertRoom,
      [
        .text(room.text), .text(head.version.id), .text(creator.text), .int(now),
        .int(head.cursor.room), .bytes(head.cursor.salt.bytes),
      ])
  }

  func headQuery(_ head: RoomHead) -> Query {
    let row = CommitBatch.Head(head)
    return Query(
      Self.upsertHead,
      [.text(room.text), .ints(row.extremities), .int(row.depth), .int(row.snapshot?.raw)])
  }

  func eventQueries(_ row: Row, _ plan: InboundPlan) -> [Query] {
    var queries = [plan.wasOutlier ? placement(row, plan) : insertion(row, plan)]
    if !plan.missingPrevious.isEmpty {
      queries.append(
        Query(
          Self.addGaps,
          [.text(room.text), .texts(plan.missingPrevious.map(\.text)), .int(row.number)]))
    }
    if plan.standing.hasPlace {
      queries.append(
        Query(
          Self.closeGaps,
          [.text(row.event.eventID.text), .text(room.text), .int(row.number)]))
    }
    return queries
  }

  private func insertion(_ row: Row, _ plan: InboundPlan) -> Query {
    let (event, chain) = (row.event, ChainColumns(row.node, replaces: row.replaces))
    return Query(
      Self.insertEvent,
      [
        .int(row.number), .int(Int64(writer)), .text(room.text), .text(event.eventID.text),
        .text(event.type), .text(event.stateKey), .text(event.sender.text),
        .text(event.version.id), .bytes(event.bytes), .bytes(Self.present(row.replaced)),
        .int(event.depth), .ints(row.previous), .int(row.standing.stored),
        .text(plan.reason?.rule), .int(row.snapshot?.raw), .int(row.replaces),
        .text(row.redactedBy?.text), .bytes(row.unsigned), .int(chain.place), .int(chain.link),
        .int(chain.secondLink), .ints(chain.moreLinks), .bool(chain.replacesOther ? true : nil),
      ])
  }

  private func placement(_ row: Row, _ plan: InboundPlan) -> Query {
    Query(
      Self.placeOutlier,
      [
        .int(row.number), .ints(row.previous), .int(row.standing.stored),
        .text(plan.reason?.rule), .int(row.snapshot?.raw), .int(row.replaces),
        .bytes(Self.present(row.replaced)), .bytes(row.event.bytes),
        .text(row.redactedBy?.text), .bytes(row.unsigned),
      ])
  }

  private static func present(_ bytes: [UInt8]) -> [UInt8]? {
    bytes.isEmpty ? nil : bytes
  }

  /// The room's current state after the event, which is another than the state after it.
  func roomStateQuery(_ number: Int64, _ snapshot: SnapshotID?) -> Query {
    Query(Self.noteRoomState, [.int(number), .int(snapshot?.raw)])
  }

  func slotsQuery(_ slots: [(slot: Int32, key: StateTuple)], room nid: Int64) -> Query {
    Query(
      Self.insertSlots,
      [
        .int(nid), .ints(slots.map { Int64($0.slot) }), .texts(slots.map(\.key.type)),
        .texts(slots.map(\.key.stateKey)),
      ])
  }

  func removalQuery(members: [String]) -> Query {
    Query(Self.removeMembers, [.text(room.text), .texts(members)])
  }
}
