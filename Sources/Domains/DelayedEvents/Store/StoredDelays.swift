package import MatrixIdentifiers
package import Postgres
package import Rooms

/// What the owners of rooms need to know and write of delayed events.
package struct StoredDelays: DelayedSendLedger {
  private static let lock = Statement(
    "delayed_lock",
    """
    SELECT delay_id, user_id, CASE WHEN holder IS NOT NULL THEN claim END, due, finalised_at,
      event_id
    FROM delayed_events
    WHERE delay_id = ANY($1) ORDER BY delay_id FOR UPDATE
    """)
  private static let finish = Statement(
    "delayed_finish",
    """
    UPDATE delayed_events SET finalised_at = $3, event_id = s.event
    FROM unnest($1::text[], $2::text[]) AS s (id, event) WHERE delay_id = s.id
    """)

  package init() {}

  package func lock(_ ids: [String]) -> Query {
    Query(Self.lock, [.texts(ids)])
  }

  package func standings(_ rows: Rows) -> [String: DelayedStanding] {
    var standings: [String: DelayedStanding] = [:]
    for row in 0..<rows.count {
      guard let id = rows.text(row, 0), let sender = rows.text(row, 1).flatMap({ UserID($0) }),
        let due = rows.int(row, 3)
      else { continue }
      standings[id] = DelayedStanding(
        sender: sender, claim: rows.int(row, 2), due: due, outcome: Self.outcome(rows, row))
    }
    return standings
  }

  private static func outcome(_ rows: Rows, _ row: Int) -> DelayedStanding.Outcome {
    guard !rows.isNull(row, 4) else { return .scheduled }
    guard let event = rows.text(row, 5).flatMap({ EventID($0) }) else { return .dropped }
    return .sent(event)
  }

  package func finish(_ sent: [(id: String, event: EventID)], now: Int64) -> Query {
    Query(
      Self.finish, [.texts(sent.map(\.id)), .texts(sent.map(\.event.text)), .int(now)])
  }
}
