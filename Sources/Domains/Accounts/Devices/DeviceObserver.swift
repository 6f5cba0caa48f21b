package import MatrixIdentifiers
package import Postgres

/// What goes with a device: its keys, what waits for it, and those who are told of it. Bound by
/// the runtime, as what keeps these is above accounts.
package protocol DeviceObserver: Sendable {
  /// Called in the transaction that deletes the devices, after their rows are gone. The user is
  /// locked until it ends. It may be run more than once, so it has no effects outside.
  func devicesDeleted(
    _ deviceIDs: [String], of user: UserID, in transaction: any Querying
  ) async throws

  /// Called once what the user's devices are has been committed: some deleted, made or renamed.
  func devicesChanged(_ deviceIDs: [String], of user: UserID) async
}

extension DeviceObserver {
  package func devicesDeleted(
    _ deviceIDs: [String], of user: UserID, in transaction: any Querying
  ) async throws {}

  package func devicesChanged(_ deviceIDs: [String], of user: UserID) async {}
}
