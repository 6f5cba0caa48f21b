import MatrixIdentifiers
import Postgres

/// How a row of `delayed_events` becomes a `DelayedEvent`: one list of columns for every query.
enum DelayedEventRow {
  /// Selected from `delayed_events` under the alias `d`, first in every query that uses `decode`.
  static let columns = """
    d.delay_id, d.user_id, d.room_id, d.type, d.state_key, d.content, d.delay_ms, d.since, d.id,
    d.finalised_at, d.event_id, d.error
    """
  /// The index of the first column after `columns`.
  static let width = 12

  static func decode(_ rows: Rows, _ row: Int) -> DelayedEvent? {
    guard let delayID = rows.text(row, 0), let user = rows.text(row, 1).flatMap({ UserID($0) }),
      let room = rows.text(row, 2).flatMap({ RoomID($0) }), let type = rows.text(row, 3),
      let content = rows.bytes(row, 5), let delay = rows.int(row, 6),
      let since = rows.int(row, 7), let number = rows.int(row, 8)
    else { return nil }
    return DelayedEvent(
      delayID: delayID, userID: user, roomID: room, type: type, stateKey: rows.text(row, 4),
      content: content, delay: delay, since: since, number: number, end: end(rows, row))
  }

  static func decodeAll(_ rows: Rows) -> [DelayedEvent] {
    (0..<rows.count).compactMap { decode(rows, $0) }
  }

  private static func end(_ rows: Rows, _ row: Int) -> DelayedEvent.End? {
    guard let time = rows.int(row, 9) else { return nil }
    let outcome: DelayedEvent.Outcome
    if let event = rows.text(row, 10).flatMap({ EventID($0) }) {
      outcome = .sent(event)
    } else if let error = rows.bytes(row, 11) {
      outcome = .failed(error)
    } else {
      outcome = .cancelled
    }
    return DelayedEvent.End(outcome: outcome, time: time)
  }
}
