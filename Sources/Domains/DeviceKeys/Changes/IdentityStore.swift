import MatrixIdentifiers
import Postgres

/// The statements by which identity keys of devices change.
enum IdentityStore {
  /// What `publish` has to know: that the device stays, its keys, whether its id is taken.
  static func reads(for user: UserID, _ device: String) -> [Query] {
    let place: [Bind] = [.text(user.text), .text(device)]
    return [Query(holdDevice, place), Query(select, place), Query(nameIsTaken, place)]
  }

  static func write(_ keys: IdentityKeys, of user: UserID, _ device: String) -> Query {
    Query(
      upsert,
      [.text(user.text), .text(device), .bytes(keys.body), .bytes(keys.signatures.bytes)])
  }

  static func read(_ rows: Rows, of user: UserID) -> IdentityKeys? {
    guard let body = rows.bytes(0, 0), let signatures = rows.bytes(0, 1) else { return nil }
    return IdentityKeys(body: body, signatures: Signatures(stored: signatures, by: user))
  }

  private static let holdDevice = Statement(
    "device_keys_hold",
    "SELECT true FROM devices WHERE user_id = $1 AND device_id = $2 FOR KEY SHARE",
    repeatable: false)

  private static let select = Statement(
    "device_keys_identity",
    "SELECT body, signatures FROM device_identity_keys WHERE user_id = $1 AND device_id = $2")

  private static let nameIsTaken = Statement(
    "device_keys_name_taken",
    "SELECT true FROM cross_signing_keys WHERE user_id = $1 AND public_key = $2")

  private static let upsert = Statement(
    "device_keys_set_identity",
    """
    INSERT INTO device_identity_keys (user_id, device_id, body, signatures)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (user_id, device_id) DO UPDATE
    SET body = excluded.body, signatures = excluded.signatures
    """)
}
