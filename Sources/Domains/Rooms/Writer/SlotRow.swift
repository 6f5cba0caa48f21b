import MatrixIdentifiers
import Postgres
import RoomEvents

/// What becomes of one slot of a room's current state.
struct SlotRow {
  let room: Int64
  let slot: Int32
  let key: StateTuple
  /// Nil when the place becomes empty.
  let event: Int64?
  /// Nil when that is where the event is.
  var changedAt: Int64?
  /// Entries of its `AccessHistory`.
  var history: [UInt8]?

  /// Bytes of a slot's history, beyond which it goes to a row of its own.
  private static let historyLimit = 512

  // What was in a slot is not read: its history is put together in the database.
  private static let upsert = Statement(
    "writer_upsert_state_slots",
    """
    WITH changed AS (
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],
        $6::bytea[], $7::bigint[])
        AS v (room_nid, slot, event, type, state_key, history, changed_at)
    ), full_histories AS (
      INSERT INTO state_histories (room_nid, slot, position, history)
      SELECT s.room_nid, s.slot, coalesce(c.changed_at, c.event), s.history
      FROM changed c CROSS JOIN LATERAL (
        SELECT * FROM state_slots s
        WHERE s.room_nid = c.room_nid AND s.slot = c.slot
          AND octet_length(s.history) > \(historyLimit)
        -- Lest a plan is made, and kept, that looks through all slots.
        OFFSET 0
      ) s
    )
    INSERT INTO state_slots AS s (room_nid, slot, event, type, state_key, history, changed_at)
    SELECT room_nid, slot, event, \(StateSlots.stored("type")), state_key, history, changed_at
    FROM changed
    ON CONFLICT (room_nid, slot) DO UPDATE
    SET event = excluded.event, changed_at = excluded.changed_at,
      history = CASE WHEN octet_length(s.history) > \(historyLimit) THEN excluded.history
        ELSE coalesce(s.history || excluded.history, s.history, excluded.history) END
    """)

  /// - Parameter rows: each slot once.
  static func query(_ rows: [SlotRow]) -> Query {
    Query(
      upsert,
      [
        .ints(rows.map(\.room)), .ints(rows.map { Int64($0.slot) }),
        .nullableInts(rows.map(\.event)), .texts(rows.map(\.key.type)),
        .texts(rows.map(\.key.stateKey)), .nullableByteArrays(rows.map(\.history)),
        .nullableInts(rows.map(\.changedAt)),
      ])
  }
}
