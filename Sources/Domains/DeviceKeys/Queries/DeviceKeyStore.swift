import MatrixIdentifiers
package import Postgres
import Streams

/// The long-lived keys of devices and users, as others ask for them.
package struct DeviceKeyStore: Sendable {
  struct Read: Sendable {
    /// Of users with an account, even without keys.
    var keys: [UserID: UserKeys] = [:]
    var signatures: [UserID: UserSignatures]?
  }

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// By one round trip.
  /// - Parameter signer: whose signatures of others are read.
  func read(_ users: [UserID], signaturesBy signer: UserID?) async throws -> Read {
    let names = Bind.texts(users.map(\.text))
    let keys =
      users.isEmpty
      ? []
      : [Query(Self.accounts, [names]), Query(Self.devices, [names]), Query(Self.keys, [names])]
    let signatures = signer.map { [CrossSigningStore.signatures(by: $0)] } ?? []
    let results = try await database.queryAll(keys + signatures)
    var read = Read()
    if !users.isEmpty {
      Self.readAccounts(results[0], to: &read)
      Self.readDevices(results[1], to: &read)
      Self.readKeys(results[2], to: &read)
    }
    if let signer, let rows = results.last {
      read.signatures = CrossSigningStore.readSignatures(rows, by: signer)
    }
    return read
  }

  /// Up to where the stream of changes has certainly been written.
  func position() async throws -> VectorToken {
    let rows = try await database.query(Self.positions)
    var positions: [WriterID: Int64] = [:]
    for row in 0..<rows.count {
      guard let writer = rows.int(row, 0), let position = rows.int(row, 1) else { continue }
      positions[WriterID(raw: Int32(truncatingIfNeeded: writer))] = position
    }
    return VectorToken(minimum: 0, positions: positions)
  }

  private static func readAccounts(_ rows: Rows, to read: inout Read) {
    for row in 0..<rows.count {
      if let user = rows.text(row, 0).flatMap({ UserID($0) }) { read.keys[user] = UserKeys() }
    }
  }

  private static func readDevices(_ rows: Rows, to read: inout Read) {
    for row in 0..<rows.count {
      guard let user = rows.text(row, 0).flatMap({ UserID($0) }), let device = rows.text(row, 1),
        let body = rows.bytes(row, 2), let signatures = rows.bytes(row, 3)
      else { continue }
      read.keys[user]?.addDevice(
        device, body: body, signatures: signatures, displayName: rows.text(row, 4))
    }
  }

  private static func readKeys(_ rows: Rows, to read: inout Read) {
    for row in 0..<rows.count {
      guard let user = rows.text(row, 0).flatMap({ UserID($0) }),
        let usage = rows.text(row, 1).flatMap({ CrossSigningUsage(rawValue: $0) }),
        let publicKey = rows.text(row, 2), let body = rows.bytes(row, 3),
        let signatures = rows.bytes(row, 4)
      else { continue }
      read.keys[user]?.add(usage, publicKey: publicKey, body: body, signatures: signatures)
    }
  }

  private static let accounts = Statement(
    "device_keys_accounts", "SELECT user_id FROM users WHERE user_id = ANY ($1)")

  private static let devices = Statement(
    "device_keys_of_users",
    """
    SELECT k.user_id, k.device_id, k.body, k.signatures, d.display_name
    FROM device_identity_keys k JOIN devices d USING (user_id, device_id)
    WHERE k.user_id = ANY ($1)
    """)

  private static let keys = Statement(
    "device_keys_cross_signing_of_users",
    """
    SELECT user_id, usage, public_key, body, signatures FROM cross_signing_keys
    WHERE user_id = ANY ($1)
    """)

  private static let positions = Statement(
    "device_keys_position",
    "SELECT instance_id, position FROM stream_positions WHERE stream = 'device_lists'")
}
