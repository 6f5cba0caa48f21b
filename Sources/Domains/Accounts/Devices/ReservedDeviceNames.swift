package import MatrixIdentifiers
package import Postgres

/// Names that devices may not have; bound by the runtime, as keys are above accounts.
package protocol ReservedDeviceNames: Sendable {
  /// Asked in the transaction that makes the device.
  func isReserved(
    _ name: String, of user: UserID, in transaction: any Querying
  ) async throws -> Bool
}
