import MatrixIdentifiers
import Postgres
import PushRules
import RoomEvents
import Streams

/// How a row of `events` becomes a `StoredEvent`: one list of columns for every query.
enum StoredEventRow {
  /// Selected from `events` under the alias `e`, first in every query that uses `decode`.
  static let columns = """
    e.stream_ordering, e.writer, e.event_id, e.room_version, e.json, e.unsigned, e.txn_device,
    e.txn_id, e.redacted_by, e.replaced, e.delay_id
    """
  /// Whether an event is part of its room's history; without this a query finds no index of a
  /// room's events. The state of a room may hold others as well.
  static let isHistory = "standing IS NULL"

  /// Whether it is told to clients, too: see `Event.isTold`. Whatever clients read asks this.
  static func isTold(_ table: String) -> String {
    """
    \(table).\(isHistory)
      AND (\(table).type <> '\(EventType.dummy)' OR \(table).state_key IS NOT NULL)
    """
  }
  /// The index of the first column after `columns`.
  static let width = 11

  enum DecodingError: Error {
    case unreadable(row: Int)
  }

  static func decode(
    _ rows: Rows, _ row: Int, push: EventPush? = nil, mayHaveChildren: Bool = true
  ) throws -> StoredEvent {
    guard let ordering = rows.int(row, 0), let writer = rows.int(row, 1),
      let eventID = rows.text(row, 2).flatMap({ EventID($0) }),
      let version = rows.text(row, 3).flatMap({ RoomVersion(id: $0) }),
      let bytes = rows.bytes(row, 4)
    else { throw DecodingError.unreadable(row: row) }
    var transaction: SendingTransaction?
    if let deviceID = rows.text(row, 6), let transactionID = rows.text(row, 7) {
      transaction = SendingTransaction(deviceID: deviceID, transactionID: transactionID)
    }
    return StoredEvent(
      event: try Event(bytes: bytes, version: version, eventID: eventID),
      streamOrdering: ordering, writer: WriterID(raw: Int32(truncatingIfNeeded: writer)),
      replaced: rows.bytes(row, 9) ?? [], unsigned: rows.bytes(row, 5) ?? [],
      transaction: transaction,
      redactedBy: rows.text(row, 8).flatMap { EventID($0) }, delayID: rows.text(row, 10),
      push: push, mayHaveChildren: mayHaveChildren)
  }

  static func decodeAll(_ rows: Rows) throws -> [StoredEvent] {
    try (0..<rows.count).map { try decode(rows, $0) }
  }
}
