import MatrixIdentifiers
import Postgres

/// What an access token stands for.
struct TokenRow: Sendable {
  let requester: Requester
  /// Milliseconds since the epoch; nil for a token that does not expire.
  let validUntil: Int64?
  let deviceSeenAt: Int64?
}

/// Devices and their access tokens. Whoever changes which of them a user has calls `lockUser`
/// first in the same transaction, so that no token appears between "these tokens end" and "their
/// devices are gone".
enum DeviceStore {
  struct NewToken: Sendable {
    let hash: [UInt8]
    let userID: UserID
    let deviceID: String
    let createdAt: Int64
  }

  /// `deactivated`, or nil when there is no such account.
  static func lockUser(_ user: UserID, on transaction: any Querying) async throws -> Bool? {
    let rows = try await transaction.query(lock, [.text(user.text)])
    return rows.count > 0 ? rows.bool(0, 0) : nil
  }

  /// Makes the device if needed, ends its tokens and gives it the new one.
  /// - Returns: the hashes of the tokens that ended.
  static func replaceToken(
    _ token: NewToken, deviceName: String?, on transaction: any Querying
  ) async throws -> [[UInt8]] {
    let device: [Bind] = [.text(token.userID.text), .text(token.deviceID)]
    let results = try await transaction.queryAll([
      Query(insertDevice, device + [.text(deviceName), .int(token.createdAt)]),
      Query(endDeviceTokens, device),
      Query(insertToken, [.bytes(token.hash)] + device + [.int(token.createdAt)]),
    ])
    return hashes(results[1])
  }

  /// - Returns: the hashes of the tokens that ended.
  static func delete(
    _ deviceID: String, of user: UserID, on transaction: any Querying
  ) async throws -> [[UInt8]] {
    let device: [Bind] = [.text(user.text), .text(deviceID)]
    let results = try await transaction.queryAll([
      Query(endDeviceTokens, device), Query(deleteDevice, device),
    ])
    return hashes(results[0])
  }

  /// - Returns: the hashes of the tokens that ended.
  static func deleteAll(of user: UserID, on transaction: any Querying) async throws -> [[UInt8]] {
    let results = try await transaction.queryAll([
      Query(endAllTokens, [.text(user.text)]), Query(deleteAllDevices, [.text(user.text)]),
    ])
    return hashes(results[0])
  }

  static func token(_ hash: [UInt8], on database: any Querying) async throws -> TokenRow? {
    let rows = try await database.query(selectToken, [.bytes(hash)])
    guard rows.count > 0, let user = rows.text(0, 0).flatMap(UserID.init) else { return nil }
    return TokenRow(
      requester: Requester(
        userID: user, deviceID: rows.text(0, 1), tokenHash: hash,
        isAdmin: rows.bool(0, 3) ?? false, isGuest: rows.bool(0, 4) ?? false),
      validUntil: rows.int(0, 2), deviceSeenAt: rows.int(0, 5))
  }

  static func devices(of user: UserID, on database: any Querying) async throws -> [Device] {
    let rows = try await database.query(selectDevices, [.text(user.text)])
    return (0..<rows.count).map { device(rows, $0) }
  }

  static func device(
    _ deviceID: String, of user: UserID, on database: any Querying
  ) async throws -> Device? {
    let rows = try await database.query(selectDevice, [.text(user.text), .text(deviceID)])
    return rows.count > 0 ? device(rows, 0) : nil
  }

  /// False when there is no such device.
  static func rename(
    _ deviceID: String, of user: UserID, to name: String, on database: any Querying
  ) async throws -> Bool {
    let binds: [Bind] = [.text(user.text), .text(deviceID), .text(name)]
    return try await database.query(renameDevice, binds).affectedRows == 1
  }

  /// Notes when and from where devices were last used; never moves a time back. Rows that another
  /// process is changing are left out, so that two processes cannot wait for each other.
  static func note(
    _ sightings: [DeviceSighting], on database: any Querying
  ) async throws {
    _ = try await database.query(
      noteSightings,
      [
        .texts(sightings.map(\.userID.text)), .texts(sightings.map(\.deviceID)),
        .ints(sightings.map(\.at)), .nullableTexts(sightings.map(\.address)),
      ])
  }

  private static func hashes(_ rows: Rows) -> [[UInt8]] {
    (0..<rows.count).compactMap { rows.bytes($0, 0) }
  }

  private static func device(_ rows: Rows, _ row: Int) -> Device {
    Device(
      id: rows.text(row, 0) ?? "", displayName: rows.text(row, 1), lastSeenIP: rows.text(row, 2),
      lastSeenAt: rows.int(row, 3))
  }
}

extension DeviceStore {
  private static let lock = Statement(
    "accounts_lock_user",
    "SELECT deactivated FROM users WHERE user_id = $1 FOR NO KEY UPDATE")

  private static let insertDevice = Statement(
    "accounts_insert_device",
    """
    INSERT INTO devices (user_id, device_id, display_name, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (user_id, device_id) DO NOTHING
    """)

  private static let insertToken = Statement(
    "accounts_insert_token",
    """
    INSERT INTO access_tokens (token_hash, user_id, device_id, created_at)
    VALUES ($1, $2, $3, $4)
    """)

  private static let endDeviceTokens = Statement(
    "accounts_end_device_tokens",
    "DELETE FROM access_tokens WHERE user_id = $1 AND device_id = $2 RETURNING token_hash")

  private static let endAllTokens = Statement(
    "accounts_end_all_tokens",
    "DELETE FROM access_tokens WHERE user_id = $1 RETURNING token_hash")

  private static let deleteDevice = Statement(
    "accounts_delete_device", "DELETE FROM devices WHERE user_id = $1 AND device_id = $2")

  private static let deleteAllDevices = Statement(
    "accounts_delete_all_devices", "DELETE FROM devices WHERE user_id = $1")

  private static let selectToken = Statement(
    "accounts_select_token",
    """
    SELECT t.user_id, t.device_id, t.valid_until, u.is_admin, u.is_guest, d.last_seen_ts
    FROM access_tokens t
    JOIN users u USING (user_id)
    JOIN devices d USING (user_id, device_id)
    WHERE t.token_hash = $1 AND NOT u.deactivated
    """)

  private static let selectDevices = Statement(
    "accounts_select_devices",
    """
    SELECT device_id, display_name, last_seen_ip, last_seen_ts FROM devices
    WHERE user_id = $1 ORDER BY device_id
    """)

  private static let selectDevice = Statement(
    "accounts_select_device",
    """
    SELECT device_id, display_name, last_seen_ip, last_seen_ts FROM devices
    WHERE user_id = $1 AND device_id = $2
    """)

  private static let renameDevice = Statement(
    "accounts_rename_device",
    "UPDATE devices SET display_name = $3 WHERE user_id = $1 AND device_id = $2")

  private static let noteSightings = Statement(
    "accounts_note_sightings",
    """
    WITH seen AS (
      SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
        AS s (user_id, device_id, at, address)
    ), free AS (
      SELECT d.user_id, d.device_id, seen.at, seen.address
      FROM devices d JOIN seen USING (user_id, device_id)
      WHERE d.last_seen_ts IS NULL OR d.last_seen_ts < seen.at
      FOR NO KEY UPDATE OF d SKIP LOCKED
    )
    UPDATE devices d SET last_seen_ts = free.at, last_seen_ip = coalesce(free.address, d.last_seen_ip)
    FROM free WHERE d.user_id = free.user_id AND d.device_id = free.device_id
    """)
}
