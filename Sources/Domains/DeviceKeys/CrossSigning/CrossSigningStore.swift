import MatrixIdentifiers
import Postgres

/// The statements by which cross-signing keys and signatures change.
enum CrossSigningStore {
  // What has to be known.

  static func keys(of user: UserID) -> Query {
    Query(selectKeys, [.text(user.text)])
  }

  static func masters(of users: [UserID]) -> Query {
    Query(selectMasters, [.texts(users.map(\.text))])
  }

  static func identities(of user: UserID) -> Query {
    Query(selectIdentities, [.text(user.text)])
  }

  /// Whether the user has a device of one of these names.
  static func devices(of user: UserID, named names: [String]) -> Query {
    Query(selectDevices, [.text(user.text), .texts(names)])
  }

  static func signatures(by signer: UserID, of users: [UserID]) -> Query {
    Query(selectSignatures, [.text(signer.text), .texts(users.map(\.text))])
  }

  static func signatures(by signer: UserID) -> Query {
    Query(selectAllSignatures, [.text(signer.text)])
  }

  static func readKeys(_ rows: Rows) -> [UserID: [CrossSigningUsage: CrossSigningKey]] {
    var keys: [UserID: [CrossSigningUsage: CrossSigningKey]] = [:]
    for row in 0..<rows.count {
      guard let user = rows.text(row, 0).flatMap({ UserID($0) }),
        let usage = rows.text(row, 1).flatMap({ CrossSigningUsage(rawValue: $0) }),
        let publicKey = rows.text(row, 2), let body = rows.bytes(row, 3),
        let signatures = rows.bytes(row, 4)
      else { continue }
      keys[user, default: [:]][usage] = CrossSigningKey(
        usage: usage, publicKey: publicKey, body: body,
        signatures: Signatures(stored: signatures, by: user))
    }
    return keys
  }

  static func readIdentities(_ rows: Rows, of user: UserID) -> [String: IdentityKeys] {
    var identities: [String: IdentityKeys] = [:]
    for row in 0..<rows.count {
      guard let device = rows.text(row, 0), let body = rows.bytes(row, 1),
        let signatures = rows.bytes(row, 2)
      else { continue }
      identities[device] = IdentityKeys(
        body: body, signatures: Signatures(stored: signatures, by: user))
    }
    return identities
  }

  /// Which key of which user has which signatures.
  static func readSignatures(_ rows: Rows, by signer: UserID) -> [UserID: UserSignatures] {
    var found: [UserID: UserSignatures] = [:]
    for row in 0..<rows.count {
      guard let user = rows.text(row, 0).flatMap({ UserID($0) }),
        let publicKey = rows.text(row, 1), let bytes = rows.bytes(row, 2)
      else { continue }
      found[user] = UserSignatures(user: user, publicKey: publicKey, bytes: bytes)
    }
    return found
  }

  // What changes.

  static func write(_ keys: [CrossSigningKey], of user: UserID) -> [Query] {
    keys.map { key in
      Query(
        upsertKey,
        [
          .text(user.text), .text(key.usage.rawValue), .text(key.publicKey), .bytes(key.body),
          .bytes(key.signatures.bytes),
        ])
    }
  }

  static func drop(_ usages: [CrossSigningUsage], of user: UserID) -> Query {
    Query(deleteKeys, [.text(user.text), .texts(usages.map(\.rawValue))])
  }

  /// What a user-signing key has signed means nothing when the key is gone.
  static func dropSignatures(by signer: UserID) -> Query {
    Query(deleteSignatures, [.text(signer.text)])
  }

  static func write(_ signatures: Signatures, ofDevice device: String) -> Query {
    Query(
      signDevice, [.text(signatures.user.text), .text(device), .bytes(signatures.bytes)])
  }

  static func write(_ signatures: Signatures, ofMaster publicKey: String) -> Query {
    Query(
      signMaster, [.text(signatures.user.text), .text(publicKey), .bytes(signatures.bytes)])
  }

  static func write(_ signatures: UserSignatures, by signer: UserID) -> Query {
    Query(
      upsertSignatures,
      [
        .text(signer.text), .text(signatures.user.text), .text(signatures.publicKey),
        .bytes(signatures.bytes),
      ])
  }
}

/// What one user has signed of another one's master key.
struct UserSignatures: Sendable, Equatable {
  /// Whose key it is.
  let user: UserID
  let publicKey: String
  /// A JSON object: signatures by key.
  let bytes: [UInt8]

  /// Bytes that are taken in memory.
  static func size(_ signatures: [UserID: UserSignatures]?) -> Int {
    (signatures ?? [:]).values.reduce(100) { $0 + $1.bytes.count + 300 }
  }
}

extension CrossSigningStore {
  private static let columns = "user_id, usage, public_key, body, signatures"

  private static let selectKeys = Statement(
    "cross_signing_keys", "SELECT \(columns) FROM cross_signing_keys WHERE user_id = $1")

  private static let selectMasters = Statement(
    "cross_signing_masters",
    "SELECT \(columns) FROM cross_signing_keys WHERE user_id = ANY ($1) AND usage = 'master'")

  private static let selectIdentities = Statement(
    "cross_signing_identities",
    "SELECT device_id, body, signatures FROM device_identity_keys WHERE user_id = $1")

  private static let selectDevices = Statement(
    "cross_signing_device_names",
    "SELECT true FROM devices WHERE user_id = $1 AND device_id = ANY ($2) LIMIT 1")

  private static let selectSignatures = Statement(
    "cross_signing_signatures",
    """
    SELECT user_id, public_key, signatures FROM user_signatures
    WHERE signer = $1 AND user_id = ANY ($2)
    """)

  private static let selectAllSignatures = Statement(
    "cross_signing_all_signatures",
    "SELECT user_id, public_key, signatures FROM user_signatures WHERE signer = $1")

  private static let upsertKey = Statement(
    "cross_signing_set_key",
    """
    INSERT INTO cross_signing_keys (user_id, usage, public_key, body, signatures)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (user_id, usage) DO UPDATE
    SET public_key = excluded.public_key, body = excluded.body, signatures = excluded.signatures
    """)

  private static let deleteKeys = Statement(
    "cross_signing_drop_keys",
    "DELETE FROM cross_signing_keys WHERE user_id = $1 AND usage = ANY ($2)")

  private static let deleteSignatures = Statement(
    "cross_signing_drop_signatures", "DELETE FROM user_signatures WHERE signer = $1")

  private static let signDevice = Statement(
    "cross_signing_sign_device",
    "UPDATE device_identity_keys SET signatures = $3 WHERE user_id = $1 AND device_id = $2")

  private static let signMaster = Statement(
    "cross_signing_sign_master",
    """
    UPDATE cross_signing_keys SET signatures = $3
    WHERE user_id = $1 AND usage = 'master' AND public_key = $2
    """)

  private static let upsertSignatures = Statement(
    "cross_signing_sign_user",
    """
    INSERT INTO user_signatures (signer, user_id, public_key, signatures)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (signer, user_id) DO UPDATE
    SET public_key = excluded.public_key, signatures = excluded.signatures
    """)
}
