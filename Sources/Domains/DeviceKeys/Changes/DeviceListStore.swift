package import MatrixIdentifiers
package import Postgres
package import Streams

/// The last change of each device: what the stream is read from when memory does not reach back.
package struct DeviceListStore: Sendable {
  private static let page = Statement(
    "device_lists_page",
    """
    SELECT c.user_id, c.device_id, c.audience, c.stream_id, \(joinedRooms("c.user_id"))
    FROM device_list_changes c
    WHERE c.stream_id > $2 AND c.stream_id <= $3 AND c.writer = $1
    ORDER BY c.stream_id LIMIT $4
    """)
  private static let since = Statement(
    "device_lists_since",
    """
    SELECT user_id, device_id, audience, stream_id, writer FROM device_list_changes c
    WHERE stream_id > $2 AND (audience = $1 OR audience = '' AND (user_id = $1 OR EXISTS (
      SELECT FROM room_memberships theirs JOIN room_memberships mine USING (room_id)
      WHERE theirs.user_id = c.user_id AND theirs.membership = 'join'
        AND mine.user_id = $1 AND mine.membership = 'join')))
    """)
  private static let upsert = Statement(
    "device_lists_upsert",
    """
    INSERT INTO device_list_changes (user_id, device_id, audience, stream_id, writer)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (user_id, device_id, audience) DO UPDATE
    SET stream_id = excluded.stream_id, writer = excluded.writer
    """)
  private static let rooms = Statement(
    "device_lists_rooms", "SELECT \(joinedRooms("$1"))")

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// What a user, as a member of the present rooms, may be told of that changed after a position.
  package func changes(
    for user: UserID, since: VectorToken
  ) async throws -> [RecentRows<DeviceListRow>.Entry] {
    let rows = try await database.query(Self.since, [.text(user.text), .int(since.minimum)])
    return (0..<rows.count).compactMap { row in
      guard let found = Self.row(rows, row), let position = rows.int(row, 3),
        let writer = rows.int(row, 4)
      else { return nil }
      return .init(
        writer: WriterID(raw: Int32(truncatingIfNeeded: writer)), position: position, row: found)
    }
  }

  package func streamDefinition() -> StreamDefinition<DeviceListRow> {
    StreamDefinition(
      name: .deviceLists, encode: { $0.encoded }, decode: { try DeviceListRow($0) },
      fetch: { [database] writer, after, upTo, limit in
        let rows = try await database.query(
          Self.page, [.int(Int64(writer.raw)), .int(after), .int(upTo), .int(Int64(limit))])
        return (0..<rows.count).compactMap { row in
          guard let position = rows.int(row, 3),
            let found = Self.row(rows, row, rooms: Self.roomIDs(rows, row, 4))
          else { return nil }
          return StreamRow(position: position, row: found)
        }
      })
  }

  static func upsert(_ row: DeviceListRow, at position: Int64, by writer: WriterID) -> Query {
    Query(
      upsert,
      [
        .text(row.userID.text), .text(row.deviceID), .text(row.audience?.text ?? ""),
        .int(position), .int(Int64(writer.raw)),
      ])
  }

  static func rooms(of user: UserID) -> Query {
    Query(rooms, [.text(user.text)])
  }

  static func roomIDs(_ rows: Rows, _ row: Int, _ column: Int) -> [RoomID] {
    (rows.texts(row, column) ?? []).compactMap { RoomID($0) }
  }

  private static func joinedRooms(_ user: String) -> String {
    """
    ARRAY(SELECT m.room_id FROM room_memberships m
      WHERE m.user_id = \(user) AND m.membership = 'join')
    """
  }

  private static func row(_ rows: Rows, _ row: Int, rooms: [RoomID] = []) -> DeviceListRow? {
    guard let user = rows.text(row, 0).flatMap({ UserID($0) }), let device = rows.text(row, 1),
      let audience = rows.text(row, 2)
    else { return nil }
    return DeviceListRow(
      userID: user, deviceID: device, audience: UserID(audience), rooms: rooms)
  }
}
