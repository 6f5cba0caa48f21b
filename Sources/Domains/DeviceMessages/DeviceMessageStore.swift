import MatrixIdentifiers
package import Postgres
package import Streams

/// Where messages wait until their devices have them.
package struct DeviceMessageStore: Sendable {
  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  struct Waiting: Sendable, Equatable {
    let position: Int64
    let event: [UInt8]
  }

  /// What waits for a device in `(since, now]`, the first `limit` by position.
  func waiting(
    for device: DeviceAddress, since: VectorToken, upTo now: VectorToken, limit: Int
  ) async throws -> [Waiting] {
    let rows = try await database.query(
      Self.select,
      [
        .text(device.userID.text), .text(device.deviceID), .int(since.minimum),
        .ints(since.writers), .ints(since.writerPositions), .int(now.minimum), .int(now.maximum),
        .ints(now.writers), .ints(now.writerPositions), .int(Int64(limit)),
      ])
    return (0..<rows.count).compactMap { row in
      guard let position = rows.int(row, 0), let event = rows.bytes(row, 1) else { return nil }
      return Waiting(position: position, event: event)
    }
  }

  /// Removes what a device has, which is everything up to the token.
  func delete(for device: DeviceAddress, upTo token: VectorToken) async throws {
    _ = try await database.query(
      Self.delete,
      [
        .text(device.userID.text), .text(device.deviceID), .int(token.minimum),
        .int(token.maximum), .ints(token.writers), .ints(token.writerPositions),
      ])
  }

  package func streamDefinition() -> StreamDefinition<DeviceMessageRow> {
    StreamDefinition(
      name: .toDevice, encode: { $0.encoded }, decode: { try DeviceMessageRow($0) },
      fetch: { [database] writer, after, upTo, limit in
        let rows = try await database.query(
          Self.page, [.int(Int64(writer.raw)), .int(after), .int(upTo), .int(Int64(limit))])
        return (0..<rows.count).compactMap { row in
          guard let position = rows.int(row, 0), let users = rows.texts(row, 1),
            let devices = rows.texts(row, 2)
          else { return nil }
          let addresses = zip(users, devices).compactMap { user, device in
            UserID(user).map { DeviceAddress(userID: $0, deviceID: device) }
          }
          return StreamRow(position: position, row: DeviceMessageRow(devices: addresses))
        }
      })
  }
}

// What the stream's writer reads and writes in its transaction.
extension DeviceMessageStore {
  static func isDone(_ transaction: DeviceMessageTransaction) -> Query {
    Query(
      isDone,
      [
        .text(transaction.sender.text), .text(transaction.deviceID), .text(transaction.type),
        .text(transaction.id),
      ])
  }

  static func noteDone(_ transaction: DeviceMessageTransaction) -> Query {
    Query(
      noteDone,
      [
        .text(transaction.sender.text), .text(transaction.deviceID), .text(transaction.type),
        .text(transaction.id),
      ])
  }

  static func devices(of users: Set<UserID>) -> Query {
    Query(devices, [.texts(users.map(\.text))])
  }

  static func knownDevices(_ rows: Rows) -> [KnownDevice] {
    (0..<rows.count).compactMap { row in
      guard let user = rows.text(row, 0).flatMap({ UserID($0) }), let device = rows.text(row, 1),
        let inbox = rows.int(row, 2)
      else { return nil }
      return KnownDevice(
        address: DeviceAddress(userID: user, deviceID: device), inbox: inbox)
    }
  }

  static func insert(_ plan: DeliveryPlan, at position: Int64, by writer: WriterID) -> Query {
    Query(
      insert,
      [
        .ints(plan.inboxes), .byteArrays(plan.events), .int(position), .int(Int64(writer.raw)),
      ])
  }
}

// The SQL.
extension DeviceMessageStore {
  private static let select = Statement(
    "device_messages_waiting",
    """
    SELECT stream_id, event FROM device_messages m
    WHERE inbox = (SELECT inbox FROM devices WHERE user_id = $1 AND device_id = $2)
      AND stream_id > coalesce(
        (SELECT p FROM unnest($4::bigint[], $5::bigint[]) AS s (w, p) WHERE w = m.writer), $3)
      AND stream_id <= coalesce(
        (SELECT p FROM unnest($8::bigint[], $9::bigint[]) AS n (w, p) WHERE w = m.writer), $6)
      AND stream_id > $3 AND stream_id <= $7
    ORDER BY stream_id LIMIT $10
    """)

  private static let delete = Statement(
    "device_messages_acknowledge",
    """
    DELETE FROM device_messages m
    WHERE inbox = (SELECT inbox FROM devices WHERE user_id = $1 AND device_id = $2)
      AND stream_id <= coalesce(
        (SELECT p FROM unnest($5::bigint[], $6::bigint[]) AS s (w, p) WHERE w = m.writer), $3)
      AND stream_id <= $4
    """, repeatable: true)

  private static let page = Statement(
    "device_messages_page",
    """
    SELECT m.stream_id, array_agg(d.user_id ORDER BY d.user_id, d.device_id),
      array_agg(d.device_id ORDER BY d.user_id, d.device_id)
    FROM device_messages m JOIN devices d USING (inbox)
    WHERE m.stream_id > $2 AND m.stream_id <= $3 AND m.writer = $1
    GROUP BY m.stream_id ORDER BY m.stream_id LIMIT $4
    """)

  private static let isDone = Statement(
    "device_message_is_done",
    """
    SELECT true FROM device_message_transactions
    WHERE user_id = $1 AND event_type = $3 AND transaction_id = $4 AND inbox = coalesce(
      (SELECT inbox FROM devices WHERE user_id = $1 AND device_id = $2), 0)
    """)

  private static let noteDone = Statement(
    "device_message_note_done",
    """
    INSERT INTO device_message_transactions (user_id, inbox, event_type, transaction_id)
    SELECT $1, coalesce(
      (SELECT inbox FROM devices WHERE user_id = $1 AND device_id = $2), 0), $3, $4
    """)

  private static let devices = Statement(
    "device_message_receivers",
    "SELECT user_id, device_id, inbox FROM devices WHERE user_id = ANY ($1) ORDER BY user_id")

  private static let insert = Statement(
    "device_messages_insert",
    """
    INSERT INTO device_messages (inbox, event, stream_id, writer)
    SELECT inbox, event, $3, $4 FROM unnest($1::bigint[], $2::bytea[]) AS v (inbox, event)
    """)
}

extension VectorToken {
  fileprivate var writers: [Int64] { positions.keys.map { Int64($0.raw) } }
  /// In the order of `writers`.
  fileprivate var writerPositions: [Int64] { Array(positions.values) }
}
