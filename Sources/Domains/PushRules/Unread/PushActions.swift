package import MatrixIdentifiers
package import Postgres
import RoomEvents

/// An event that was evaluated and has its place in the stream.
package struct EvaluatedEvent: Sendable {
  package let room: RoomID
  package let streamOrdering: Int64
  package let push: EventPush
  /// The sender, if it is a user of this server and sending the event means having read the room
  /// so far: see `readsBySending`.
  package let reader: UserID?

  package init(room: RoomID, streamOrdering: Int64, push: EventPush, reader: UserID?) {
    self.room = room
    self.streamOrdering = streamOrdering
    self.push = push
    self.reader = reader
  }

  /// Whether who sends an event of this type has read its thread up to there. Member events do
  /// not count, as the server writes them in all rooms when a profile changes, nor do those that
  /// it writes in a user's name to join the ends of a history.
  ///
  /// spec: client-server-api#receiving-notifications, on read receipts and sending an event
  package static func readsBySending(_ type: String) -> Bool {
    !sameBytes(type, EventType.member) && !sameBytes(type, EventType.dummy)
  }
}

/// Writes what events mean to users, in the transaction that writes the events.
package enum PushActions {
  /// The name that the main timeline has among threads.
  /// spec: client-server-api#threaded-read-receipts
  package static let mainThread = "main"
  /// In `push_marks`: the whole room.
  static let wholeRoom = ""

  private static let insertEvents = Statement(
    "push_insert_events",
    """
    INSERT INTO event_push (room_id, stream_ordering, thread_id, notifies, highlights,
      main_notifications, main_highlights, thread_notifications, thread_highlights, push)
    SELECT r, o, t, n, h,
      coalesce(m.main_notifications, 0)
        + count(*) FILTER (WHERE n AND t IS NULL) OVER in_room,
      coalesce(m.main_highlights, 0) + count(*) FILTER (WHERE h AND t IS NULL) OVER in_room,
      CASE WHEN t IS NOT NULL THEN
        coalesce(p.thread_notifications, 0) + count(*) FILTER (WHERE n) OVER in_thread END,
      CASE WHEN t IS NOT NULL THEN
        coalesce(p.thread_highlights, 0) + count(*) FILTER (WHERE h) OVER in_thread END,
      j
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::boolean[], $5::boolean[], $6::bytea[])
      AS v (r, o, t, n, h, j)
    LEFT JOIN LATERAL (
      SELECT main_notifications, main_highlights FROM event_push
      WHERE room_id = r ORDER BY stream_ordering DESC LIMIT 1
    ) m ON true
    LEFT JOIN LATERAL (
      SELECT thread_notifications, thread_highlights FROM event_push
      WHERE t IS NOT NULL AND room_id = r AND thread_id = t ORDER BY stream_ordering DESC LIMIT 1
    ) p ON true
    WINDOW in_room AS (PARTITION BY r ORDER BY o), in_thread AS (PARTITION BY r, t ORDER BY o)
    """)
  private static let upsertThreads = Statement(
    "push_upsert_threads",
    """
    INSERT INTO push_threads (room_id, thread_id, last_ordering)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
    ON CONFLICT (room_id, thread_id) DO UPDATE SET last_ordering = excluded.last_ordering
    """)
  private static let insertActions = Statement(
    "push_insert_actions",
    """
    INSERT INTO push_actions (user_id, room_id, stream_ordering, thread_id, notifies, highlights,
      notification_delta, highlight_delta)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::boolean[],
      $6::boolean[], $7::bigint[], $8::bigint[])
    """)
  private static let insertTurns = Statement(
    "push_insert_turns",
    """
    INSERT INTO push_turns (room_id, user_id, stream_ordering, follows)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[])
    """)
  private static let upsertMarks = Statement(
    "push_upsert_marks",
    """
    INSERT INTO push_marks (user_id, room_id, thread_id, stream_ordering)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
    ON CONFLICT (user_id, room_id, thread_id) DO UPDATE
    SET stream_ordering = excluded.stream_ordering
    """)

  /// The statements for a batch, none that has nothing to do.
  /// - Parameter events: of any rooms, those of one room in their order.
  package static func queries(for events: [EvaluatedEvent]) -> [Query] {
    let told = events.filter { !$0.push.isSilent }
    return [
      eventsQuery(told), threadsQuery(told), actionsQuery(told), turnsQuery(told),
      marksQuery(events),
    ].compactMap { $0 }
  }

  private static func eventsQuery(_ events: [EvaluatedEvent]) -> Query? {
    guard !events.isEmpty else { return nil }
    return Query(
      insertEvents,
      [
        .texts(events.map(\.room.text)), .ints(events.map(\.streamOrdering)),
        .nullableTexts(events.map { $0.push.thread?.text }),
        .bools(events.map { $0.push.shared?.notifies ?? false }),
        .bools(events.map { $0.push.shared?.highlights ?? false }),
        .nullableByteArrays(events.map { $0.push == .usual ? nil : $0.push.encoded }),
      ])
  }

  private static func threadsQuery(_ events: [EvaluatedEvent]) -> Query? {
    var last: [Place: Int64] = [:]
    for event in events {
      guard let thread = event.push.thread else { continue }
      last[Place(user: nil, room: event.room, thread: thread.text)] = event.streamOrdering
    }
    guard !last.isEmpty else { return nil }
    let rows = Array(last)
    return Query(
      upsertThreads,
      [
        .texts(rows.map(\.key.room.text)), .texts(rows.map(\.key.thread)),
        .ints(rows.map(\.value)),
      ])
  }

  private static func actionsQuery(_ events: [EvaluatedEvent]) -> Query? {
    let rows = events.flatMap { event in event.push.differences.map { (event, $0) } }
    guard !rows.isEmpty else { return nil }
    let deltas = rows.map { event, difference in
      PushCount(difference.actions) - PushCount(difference.follows ? event.push.shared : nil)
    }
    return Query(
      insertActions,
      [
        .texts(rows.map(\.1.user.text)), .texts(rows.map(\.0.room.text)),
        .ints(rows.map(\.0.streamOrdering)),
        .texts(rows.map { $0.0.push.thread?.text ?? mainThread }),
        .bools(rows.map { $0.1.actions?.notifies ?? false }),
        .bools(rows.map { $0.1.actions?.highlights ?? false }),
        .ints(deltas.map(\.notifications)), .ints(deltas.map(\.highlights)),
      ])
  }

  private static func turnsQuery(_ events: [EvaluatedEvent]) -> Query? {
    let rows = events.flatMap { event in event.push.turns.map { (event, $0) } }
    guard !rows.isEmpty else { return nil }
    return Query(
      insertTurns,
      [
        .texts(rows.map(\.0.room.text)), .texts(rows.map(\.1.user.text)),
        .ints(rows.map(\.0.streamOrdering)), .bools(rows.map(\.1.follows)),
      ])
  }

  private static func marksQuery(_ events: [EvaluatedEvent]) -> Query? {
    var marks: [Place: Int64] = [:]
    for event in events {
      if let joined = event.push.joined {
        marks[Place(user: joined, room: event.room, thread: wholeRoom)] = event.streamOrdering
      }
      if let reader = event.reader {
        let thread = event.push.thread?.text ?? mainThread
        marks[Place(user: reader, room: event.room, thread: thread)] = event.streamOrdering
      }
    }
    guard !marks.isEmpty else { return nil }
    let rows = Array(marks)
    return Query(
      upsertMarks,
      [
        .texts(rows.map { $0.key.user?.text ?? "" }), .texts(rows.map(\.key.room.text)),
        .texts(rows.map(\.key.thread)), .ints(rows.map(\.value)),
      ])
  }

  private struct Place: Hashable {
    let user: UserID?
    let room: RoomID
    let thread: String
  }
}
