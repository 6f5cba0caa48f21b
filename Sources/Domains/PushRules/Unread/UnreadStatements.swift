import MatrixIdentifiers
import Postgres

/// The SQL of `UnreadStore`.
enum UnreadStatements {
  private static let ends = Statement(
    "unread_ends",
    """
    SELECT r, (
      SELECT stream_ordering FROM event_push WHERE room_id = r
      ORDER BY stream_ordering DESC LIMIT 1
    ) FROM unnest($1::text[]) AS v (r)
    """)
  private static let marks = Statement(
    "unread_marks",
    """
    SELECT room_id, thread_id, stream_ordering FROM push_marks
    WHERE user_id = $1 AND room_id = ANY($2)
    """)
  private static let turns = Statement(
    "unread_turns",
    """
    SELECT room_id, stream_ordering, follows FROM push_turns
    WHERE room_id = ANY($2) AND user_id = $1 ORDER BY stream_ordering
    """)
  private static let threads = Statement(
    "unread_threads",
    """
    SELECT t.room_id, t.thread_id, t.last_ordering
    FROM unnest($2::text[], $3::bigint[]) AS v (r, read)
    LEFT JOIN push_marks m ON m.user_id = $1 AND m.room_id = r AND m.thread_id = ''
    JOIN push_threads t ON t.room_id = r AND t.last_ordering > read
      AND t.last_ordering > coalesce(m.stream_ordering, 0)
    """)

  /// Totals over spans: of the main timeline, or of threads.
  private static func totals(_ name: String, prefix: String, condition: String) -> Statement {
    Statement(
      name,
      """
      SELECT i, (coalesce(e.n, 0) - coalesce(s.n, 0))::bigint,
        (coalesce(e.h, 0) - coalesce(s.h, 0))::bigint
      FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
        AS v (i, r, t, first, last)
      LEFT JOIN LATERAL (
        SELECT \(prefix)_notifications AS n, \(prefix)_highlights AS h FROM event_push
        WHERE room_id = r AND \(condition) AND stream_ordering <= last
        ORDER BY stream_ordering DESC LIMIT 1
      ) e ON true
      LEFT JOIN LATERAL (
        SELECT \(prefix)_notifications AS n, \(prefix)_highlights AS h FROM event_push
        WHERE room_id = r AND \(condition) AND stream_ordering <= first
        ORDER BY stream_ordering DESC LIMIT 1
      ) s ON true
      """)
  }

  private static let mainTotals = totals("unread_totals", prefix: "main", condition: "true")
  private static let threadTotals = totals(
    "unread_thread_totals", prefix: "thread", condition: "thread_id = t")
  private static let actions = Statement(
    "unread_actions",
    """
    SELECT i, sum(notification_delta), sum(highlight_delta)
    FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
      AS v (i, r, t, first, last)
    JOIN push_actions a ON a.user_id = $1 AND a.room_id = r AND a.thread_id = t
      AND a.stream_ordering > first AND a.stream_ordering <= last
    GROUP BY i
    """)

  /// The ends come first: what the later statements see is at least that new.
  static func facts(of user: UserID, in rooms: [RoomID], positions: [ReadPosition]) -> [Query] {
    var read: [RoomID: Int64] = [:]
    for position in positions where position.thread == nil {
      read[position.room] = max(read[position.room] ?? 0, position.streamOrdering)
    }
    let names = Bind.texts(rooms.map(\.text))
    return [
      Query(ends, [names]),
      Query(marks, [.text(user.text), names]),
      Query(turns, [.text(user.text), names]),
      Query(threads, [.text(user.text), names, .ints(rooms.map { read[$0] ?? 0 })]),
    ]
  }

  static func read(_ answers: [Rows], into plan: inout UnreadPlan) {
    guard answers.count == 4 else { return }
    forEach(answers[0]) { room, row in
      if let end = answers[0].int(row, 1) { plan.setEnd(room, end) }
    }
    forEach(answers[1]) { room, row in
      guard let thread = answers[1].text(row, 1), let ordering = answers[1].int(row, 2) else {
        return
      }
      plan.note(room, thread: thread == PushActions.wholeRoom ? nil : thread, ordering)
    }
    forEach(answers[2]) { room, row in
      guard let ordering = answers[2].int(row, 1), let follows = answers[2].bool(row, 2) else {
        return
      }
      plan.addTurn(room, ordering, follows: follows)
    }
    forEach(answers[3]) { room, row in
      guard let thread = answers[3].text(row, 1), let last = answers[3].int(row, 2) else { return }
      plan.addThread(room, thread, last: last)
    }
  }

  static func counts(of user: UserID, _ needs: [UnreadPlan.Need]) -> [Query] {
    let spans = needs.indices.flatMap { index in needs[index].spans.map { (index, $0) } }
    let (main, threads) = (
      spans.filter { needs[$0.0].thread == PushActions.mainThread },
      spans.filter { needs[$0.0].thread != PushActions.mainThread }
    )
    func totals(_ statement: Statement, _ spans: [(Int, UnreadSpans.Span)]) -> Query {
      Query(
        statement,
        [
          .ints(spans.map { Int64($0.0) }), .texts(spans.map { needs[$0.0].room.text }),
          .texts(spans.map { needs[$0.0].thread }), .ints(spans.map(\.1.start)),
          .ints(spans.map(\.1.end)),
        ])
    }
    return [
      totals(mainTotals, main), totals(threadTotals, threads),
      Query(
        actions,
        [
          .text(user.text), .ints(needs.indices.map { Int64($0) }),
          .texts(needs.map(\.room.text)), .texts(needs.map(\.thread)),
          .ints(needs.map(\.after)), .ints(needs.map(\.upTo)),
        ]),
    ]
  }

  static func read(_ answers: [Rows], of needs: [UnreadPlan.Need], into plan: inout UnreadPlan) {
    for rows in answers {
      for row in 0..<rows.count {
        guard let index = rows.int(row, 0), needs.indices.contains(Int(index)),
          let notifications = rows.int(row, 1), let highlights = rows.int(row, 2)
        else { continue }
        let need = needs[Int(index)]
        plan.add(
          PushCount(notifications: notifications, highlights: highlights), need.room, need.thread)
      }
    }
  }

  private static func forEach(_ rows: Rows, _ body: (RoomID, Int) -> Void) {
    for row in 0..<rows.count {
      if let room = rows.text(row, 0).flatMap({ RoomID($0) }) { body(room, row) }
    }
  }
}
