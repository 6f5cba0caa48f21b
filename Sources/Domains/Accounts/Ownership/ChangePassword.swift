import MatrixIdentifiers
package import Postgres

/// Gives an account another password.
///
/// spec: client-server-api#post_matrixclientv3accountpassword
package struct ChangePassword: Sendable {
  private let policy: PasswordPolicy
  private let confirmation: OwnerConfirmation
  private let passwords: PasswordHasher
  private let deleteDevices: DeleteDevices
  private let database: Database

  package init(
    policy: PasswordPolicy, confirmation: OwnerConfirmation, passwords: PasswordHasher,
    deleteDevices: DeleteDevices, database: Database
  ) {
    self.policy = policy
    self.confirmation = confirmation
    self.passwords = passwords
    self.deleteDevices = deleteDevices
    self.database = database
  }

  /// - Parameters:
  ///   - operation: what the owner confirms.
  ///   - logoutDevices: ends all sessions but the requester's.
  /// - Throws: `AccountError.unusablePassword`, `.weakPassword`, and those of `OwnerConfirmation`.
  package func callAsFunction(
    to password: String, of requester: Requester, logoutDevices: Bool, auth: AuthAttempt?,
    operation: GuardedOperation
  ) async throws {
    try policy.check(password)
    try await confirmation.require(auth, of: requester, for: operation)
    let hash = try await passwords.hash(password)
    let user = requester.userID
    let deleted = try await database.transaction { [deleteDevices] transaction in
      _ = try await DeviceStore.lockUser(user, on: transaction)
      try await UserStore.setPassword(hash, of: user, on: transaction)
      guard logoutDevices else { return DeviceStore.Deleted(deviceIDs: [], tokens: []) }
      // What others could still sign in with does not survive the old password.
      try await BriefTokenStore.deleteAll(of: user, on: transaction)
      return try await deleteDevices.delete(
        .all(except: requester.deviceID), of: user, in: transaction)
    }
    await deleteDevices.announce(deleted, of: user)
  }
}
