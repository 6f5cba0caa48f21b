import MatrixIdentifiers
import Postgres
import RoomEvents

/// A member event that becomes current.
struct MemberChange {
  let event: Event
  /// Where in the stream.
  let position: Int64

  private static let upsert = Statement(
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

  /// Nil for what is no user's membership.
  init?(_ event: Event, at position: Int64) {
    guard event.type == EventType.member, let key = event.stateKey, UserID(key) != nil else {
      return nil
    }
    self.event = event
    self.position = position
  }

  /// - Parameter changes: each member once.
  static func query(_ changes: [MemberChange], writer: Int32) -> Query {
    let events = changes.map(\.event)
    return Query(
      upsert,
      [
        .int(Int64(writer)), .texts(events.map { $0.stateKey ?? "" }),
        .texts(events.map(\.roomID.text)),
        .texts(events.map { $0.membership ?? Membership.leave }),
        .texts(events.map(\.eventID.text)), .texts(events.map(\.sender.text)),
        .ints(changes.map(\.position)),
      ])
  }
}
