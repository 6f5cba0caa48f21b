import Postgres

/// The steps that every way of registering shares.
enum NewAccount {
  /// - Parameters:
  ///   - device: nil when no session is wanted.
  ///   - authSession: the interactive authentication that led here, to be marked as used.
  /// - Returns: nil when the name is taken.
  static func insert(
    _ user: NewUser, device: DeviceRequest?, authSession: String? = nil, sessions: SessionOpener,
    in transaction: any Querying
  ) async throws -> Registered? {
    guard try await UserStore.insert(user, on: transaction) else { return nil }
    if let authSession {
      try await InteractiveAuthStore.setUser(user.userID, of: authSession, on: transaction)
    }
    guard let device else { return Registered(userID: user.userID, session: nil) }
    // A new account has no tokens that could end, so there is nothing to announce.
    let opened = try await sessions.open(for: user.userID, on: device, in: transaction)
    return Registered(userID: user.userID, session: opened.session)
  }
}
