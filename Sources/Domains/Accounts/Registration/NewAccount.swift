import MatrixIdentifiers
import Postgres

/// The steps that every way of registering shares.
enum NewAccount {
  /// - Parameters:
  ///   - device: nil when no session is wanted.
  ///   - auth: the interactive authentication that led here.
  /// - Returns: nil when the name is taken.
  static func insert(
    _ user: NewUser, device: DeviceRequest?, after auth: InteractiveAuthSession? = nil,
    sessions: SessionOpener, in transaction: any Querying
  ) async throws -> Registered? {
    guard try await UserStore.insert(user, on: transaction) else { return nil }
    if let auth { try await finish(auth, user.userID, in: transaction) }
    guard let device else { return Registered(userID: user.userID, session: nil) }
    // A new account has no tokens that could end, so there is nothing to announce.
    let opened = try await sessions.open(
      for: user.userID, on: device, lasting: user.isGuest, in: transaction)
    return Registered(userID: user.userID, session: opened.session)
  }

  /// Marks the authentication as used, and the registration token with it.
  static func finish(
    _ auth: InteractiveAuthSession, _ user: UserID, in transaction: any Querying
  ) async throws {
    guard auth.isStored else { return }
    if let token = try await InteractiveAuthStore.registrationToken(of: auth.id, on: transaction) {
      try await RegistrationTokenStore.complete(token, on: transaction)
    }
    try await InteractiveAuthStore.setUser(user, of: auth.id, on: transaction)
  }
}
