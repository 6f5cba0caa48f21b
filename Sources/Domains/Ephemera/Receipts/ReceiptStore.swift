package import MatrixIdentifiers
package import Postgres
package import Streams

/// Where receipts are kept: the latest of each user, kind and thread in a room.
package struct ReceiptStore: Sendable {
  private static let columns =
    "room_id, receipt_type, user_id, thread_id, event_id, event_ordering, ts, stream_id, writer"
  private static let rooms = Statement(
    "receipts_rooms",
    """
    SELECT \(columns) FROM receipts
    WHERE room_id = ANY($1) AND stream_id > $2 AND (receipt_type = 'm.read' OR user_id = $3)
    """)
  private static let page = Statement(
    "receipts_page",
    """
    SELECT \(columns) FROM receipts
    WHERE stream_id > $2 AND stream_id <= $3 AND writer = $1 ORDER BY stream_id LIMIT $4
    """)
  /// How far the event is, and how far the receipt that would be replaced.
  private static let places = Statement(
    "receipts_places",
    """
    SELECT (SELECT stream_ordering FROM events WHERE event_id = $5 AND room_id = $1),
      (SELECT event_ordering FROM receipts
       WHERE room_id = $1 AND receipt_type = $2 AND user_id = $3 AND thread_id = $4)
    """)
  private static let upsert = Statement(
    "receipts_upsert",
    """
    INSERT INTO receipts (\(columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (room_id, receipt_type, user_id, thread_id) DO UPDATE
    SET event_id = excluded.event_id, event_ordering = excluded.event_ordering,
      ts = excluded.ts, stream_id = excluded.stream_id, writer = excluded.writer
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// The receipts of rooms that a user may know of and that changed after a position.
  package func receipts(
    in rooms: [RoomID], for user: UserID, since: VectorToken
  ) async throws -> [RecentRows<Receipt>.Entry] {
    let rows = try await database.query(
      Self.rooms, [.texts(rooms.map(\.text)), .int(since.minimum), .text(user.text)])
    return (0..<rows.count).compactMap { Self.entry(rows, $0) }.filter {
      !since.covers($0.writer, $0.position)
    }
  }

  package func streamDefinition() -> StreamDefinition<Receipt> {
    StreamDefinition(
      name: .receipts, encode: { $0.encoded }, decode: { try Receipt($0) },
      fetch: { [database] writer, after, upTo, limit in
        let rows = try await database.query(
          Self.page, [.int(Int64(writer.raw)), .int(after), .int(upTo), .int(Int64(limit))])
        return (0..<rows.count).compactMap { row in
          Self.entry(rows, row).map { StreamRow(position: $0.position, row: $0.row) }
        }
      })
  }

  static func placesQuery(_ receipt: Receipt) -> Query {
    Query(places, key(receipt) + [.text(receipt.eventID.text)])
  }

  static func upsert(_ receipt: Receipt, at position: Int64, by writer: WriterID) -> Query {
    Query(
      upsert,
      key(receipt) + [
        .text(receipt.eventID.text), .int(receipt.eventOrdering), .int(receipt.timestamp),
        .int(position), .int(Int64(writer.raw)),
      ])
  }

  private static func key(_ receipt: Receipt) -> [Bind] {
    [
      .text(receipt.roomID.text), .text(receipt.type.rawValue), .text(receipt.userID.text),
      .text(receipt.threadID ?? ""),
    ]
  }

  private static func entry(_ rows: Rows, _ row: Int) -> RecentRows<Receipt>.Entry? {
    guard let room = rows.text(row, 0).flatMap({ RoomID($0) }),
      let type = rows.text(row, 1).flatMap({ ReceiptType(rawValue: $0) }),
      let user = rows.text(row, 2).flatMap({ UserID($0) }), let thread = rows.text(row, 3),
      let event = rows.text(row, 4).flatMap({ EventID($0) }), let timestamp = rows.int(row, 6),
      let position = rows.int(row, 7), let writer = rows.int(row, 8)
    else { return nil }
    let receipt = Receipt(
      roomID: room, type: type, userID: user, threadID: thread.isEmpty ? nil : thread,
      eventID: event, timestamp: timestamp, eventOrdering: rows.int(row, 5))
    return .init(
      writer: WriterID(raw: Int32(truncatingIfNeeded: writer)), position: position, row: receipt)
  }
}
