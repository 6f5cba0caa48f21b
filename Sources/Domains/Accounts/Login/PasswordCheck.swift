package import MatrixIdentifiers
package import Postgres

/// Finds accounts by name and checks their passwords; who guesses wrong too often must wait.
package struct PasswordCheck: Sendable {
  private let serverName: ServerName
  private let database: Database
  private let passwords: PasswordHasher
  private let limiter: RateLimiter

  package init(
    serverName: ServerName, database: Database, passwords: PasswordHasher, limiter: RateLimiter
  ) {
    self.serverName = serverName
    self.database = database
    self.passwords = passwords
    self.limiter = limiter
  }

  /// The account whose password it is.
  /// - Parameter name: a full user id or only its localpart.
  /// - Throws: `AccountError.wrongCredentials`, after as long as a right password takes;
  ///   `.deactivated`, `.overloaded`, `.limitExceeded`.
  func account(named name: String, password: String) async throws -> UserRow {
    let wanted = lowerCase(userID(name))
    if let wanted { try await limiter.peek(.loginFailed, key: wanted.text) }
    let account = try await account(name)
    let matches = try await passwords.matches(password, account?.passwordHash)
    if let account {
      if account.deactivated, matches || account.passwordHash == nil {
        throw AccountError.deactivated
      }
      if matches { return account }
    }
    if let wanted { try? await limiter.check(.loginFailed, key: wanted.text) }
    throw AccountError.wrongCredentials
  }

  /// Whether it is the requester's password.
  /// - Parameter name: whom the client says that it belongs to.
  /// - Throws: `AccountError.notTheOwner` for the name of somebody else; `.overloaded`,
  ///   `.limitExceeded`.
  func belongs(_ password: String, to name: String?, _ requester: Requester) async throws -> Bool {
    if let name {
      let named = userID(name)
      guard named == requester.userID || lowerCase(named) == requester.userID else {
        throw AccountError.notTheOwner
      }
    }
    do {
      _ = try await account(named: requester.userID.text, password: password)
      return true
    } catch AccountError.wrongCredentials {
      return false
    }
  }

  private func account(_ name: String) async throws -> UserRow? {
    guard let exact = userID(name), let lower = lowerCase(exact) else { return nil }
    return try await UserStore.find(exact, or: lower, on: database)
  }

  /// Nil for names that no user of this server can have.
  private func userID(_ name: String) -> UserID? {
    let text = name.hasPrefix("@") ? name : "@\(name):\(serverName.text)"
    guard let user = UserID(text), user.isOn(serverName) else { return nil }
    return user
  }

  private func lowerCase(_ user: UserID?) -> UserID? {
    guard let user else { return nil }
    return UserID("@\(UsernamePolicy.asciiLowercased(user.localpart)):\(serverName.text)")
  }
}
