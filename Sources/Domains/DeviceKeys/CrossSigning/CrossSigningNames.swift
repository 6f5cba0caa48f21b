import Accounts
package import MatrixIdentifiers
package import Postgres

/// A device and a cross-signing key of one user have different names, as both are keys' names where
/// they sign.
///
/// spec: client-server-api#cross-signing
package struct CrossSigningNames: ReservedDeviceNames {
  private static let select = Statement(
    "cross_signing_has_key",
    "SELECT true FROM cross_signing_keys WHERE user_id = $1 AND public_key = $2 LIMIT 1")

  package init() {}

  package func isReserved(
    _ name: String, of user: UserID, in transaction: any Querying
  ) async throws -> Bool {
    try await transaction.query(Self.select, [.text(user.text), .text(name)]).count > 0
  }
}
