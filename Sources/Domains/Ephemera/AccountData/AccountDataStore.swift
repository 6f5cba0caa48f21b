package import MatrixIdentifiers
package import Postgres
package import Streams

/// Where account data is kept: the latest of each type.
package struct AccountDataStore: Sendable {
  private static let select = Statement(
    "account_data_select",
    "SELECT content FROM account_data WHERE user_id = $1 AND room_id = $2 AND type = $3")
  private static let changed = Statement(
    "account_data_changes",
    """
    SELECT room_id, type, content, stream_id, writer FROM account_data
    WHERE user_id = $1 AND stream_id > $2 ORDER BY stream_id
    """)
  private static let page = Statement(
    "account_data_page",
    """
    SELECT user_id, room_id, type, content, stream_id FROM account_data
    WHERE stream_id > $2 AND stream_id <= $3 AND writer = $1 ORDER BY stream_id LIMIT $4
    """)
  private static let upsert = Statement(
    "account_data_upsert",
    """
    INSERT INTO account_data (user_id, room_id, type, content, stream_id, writer)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (user_id, room_id, type) DO UPDATE
    SET content = excluded.content, stream_id = excluded.stream_id, writer = excluded.writer
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  package func content(
    of user: UserID, room: RoomID?, type: String
  ) async throws -> [UInt8]? {
    let query = Self.contentQuery(of: user, room: room, type: type)
    let rows = try await database.query(query.statement, query.binds)
    return rows.count > 0 ? rows.bytes(0, 0) : nil
  }

  /// All data of a user that changed after a position.
  package func changes(
    of user: UserID, since: VectorToken
  ) async throws -> [RecentRows<AccountDataRow>.Entry] {
    let rows = try await database.query(Self.changed, [.text(user.text), .int(since.minimum)])
    return (0..<rows.count).compactMap { row in
      guard let room = rows.text(row, 0), let type = rows.text(row, 1),
        let content = rows.bytes(row, 2), let position = rows.int(row, 3),
        let writer = rows.int(row, 4)
      else { return nil }
      return .init(
        writer: WriterID(raw: Int32(truncatingIfNeeded: writer)), position: position,
        row: AccountDataRow(userID: user, roomID: RoomID(room), type: type, content: content))
    }
  }

  package func streamDefinition() -> StreamDefinition<AccountDataRow> {
    StreamDefinition(
      name: .accountData, encode: { $0.encoded }, decode: { try AccountDataRow($0) },
      fetch: { [database] writer, after, upTo, limit in
        let rows = try await database.query(
          Self.page, [.int(Int64(writer.raw)), .int(after), .int(upTo), .int(Int64(limit))])
        return (0..<rows.count).compactMap { row in
          guard let user = rows.text(row, 0).flatMap({ UserID($0) }), let room = rows.text(row, 1),
            let type = rows.text(row, 2), let content = rows.bytes(row, 3),
            let position = rows.int(row, 4)
          else { return nil }
          return StreamRow(
            position: position,
            row: AccountDataRow(userID: user, roomID: RoomID(room), type: type, content: content))
        }
      })
  }

  static func contentQuery(of user: UserID, room: RoomID?, type: String) -> Query {
    Query(select, [.text(user.text), .text(room?.text ?? ""), .text(type)])
  }

  static func upsert(_ row: AccountDataRow, at position: Int64, by writer: WriterID) -> Query {
    Query(
      upsert,
      [
        .text(row.userID.text), .text(row.roomID?.text ?? ""), .text(row.type),
        .bytes(row.content), .int(position), .int(Int64(writer.raw)),
      ])
  }
}
