import MatrixIdentifiers
package import Postgres

/// The long-lived keys of devices and users, as others ask for them.
package struct DeviceKeyStore: Sendable {
  let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// Everything that an answer about these users holds, by one round trip.
  /// - Parameter viewer: who asks; nil for another server.
  /// - Returns: devices, with a row for each known user at least; cross-signing keys.
  func keys(of users: [UserID], seenBy viewer: UserID?) async throws -> (Rows, Rows) {
    let names = Bind.texts(users.map(\.text))
    let results = try await database.queryAll([
      Query(Self.devices, [names]), Query(Self.crossSigning, [names, .text(viewer?.text)]),
    ])
    return (results[0], results[1])
  }

  /// Sorted, so that the rows of a user come together.
  private static let devices = Statement(
    "device_keys_of_users",
    """
    SELECT u.user_id, k.device_id, k.body, k.signatures, d.display_name
    FROM users u
    LEFT JOIN (device_identity_keys k JOIN devices d USING (user_id, device_id))
      ON k.user_id = u.user_id
    WHERE u.user_id = ANY ($1) ORDER BY u.user_id, k.device_id
    """)

  private static let crossSigning = Statement(
    "device_keys_cross_signing_of_users",
    """
    SELECT c.user_id, c.usage, c.body, c.signatures, s.signatures
    FROM cross_signing_keys c
    LEFT JOIN user_signatures s ON c.usage = 'master' AND s.signer = $2
      AND s.user_id = c.user_id AND s.public_key = c.public_key
    WHERE c.user_id = ANY ($1) AND (c.usage <> 'user_signing' OR c.user_id = $2)
    ORDER BY c.user_id
    """)
}
