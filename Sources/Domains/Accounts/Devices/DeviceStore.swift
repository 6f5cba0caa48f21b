import MatrixIdentifiers
import Postgres

/// The devices of this server's users.
enum DeviceStore {
  enum Selection: Sendable {
    case these([String])
    case all(except: String?)
  }

  struct Deleted: Sendable {
    let deviceIDs: [String]
    /// Hashes of the tokens that ended.
    let tokens: [[UInt8]]
  }

  /// `deactivated`, or nil when there is no such account.
  static func lockUser(_ user: UserID, on transaction: any Querying) async throws -> Bool? {
    let rows = try await transaction.query(lock, [.text(user.text)])
    return rows.count > 0 ? rows.bool(0, 0) : nil
  }

  /// The caller has locked the user.
  static func delete(
    _ which: Selection, of user: UserID, on transaction: any Querying
  ) async throws -> Deleted {
    let results =
      switch which {
      case .these(let deviceIDs):
        try await transaction.queryAll([
          Query(endTokens, [.text(user.text), .texts(deviceIDs)]),
          Query(deleteDevices, [.text(user.text), .texts(deviceIDs)]),
        ])
      case .all(let kept):
        try await transaction.queryAll([
          Query(endOtherTokens, [.text(user.text), .text(kept)]),
          Query(deleteOtherDevices, [.text(user.text), .text(kept)]),
        ])
      }
    return Deleted(
      deviceIDs: (0..<results[1].count).compactMap { results[1].text($0, 0) },
      tokens: TokenStore.hashes(results[0]))
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

  private static let endTokens = Statement(
    "accounts_end_tokens_of_devices",
    "DELETE FROM access_tokens WHERE user_id = $1 AND device_id = ANY ($2) RETURNING token_hash")

  private static let deleteDevices = Statement(
    "accounts_delete_devices",
    "DELETE FROM devices WHERE user_id = $1 AND device_id = ANY ($2) RETURNING device_id")

  private static let endOtherTokens = Statement(
    "accounts_end_other_tokens",
    """
    DELETE FROM access_tokens WHERE user_id = $1 AND device_id IS DISTINCT FROM $2
    RETURNING token_hash
    """)

  private static let deleteOtherDevices = Statement(
    "accounts_delete_other_devices",
    """
    DELETE FROM devices WHERE user_id = $1 AND device_id IS DISTINCT FROM $2
    RETURNING device_id
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
