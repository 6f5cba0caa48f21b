import MatrixIdentifiers
package import Postgres

package struct PasswordLogin: Sendable {
  /// A full user id or only its localpart.
  package let user: String
  package let password: String
  package let device: DeviceRequest

  package init(user: String, password: String, device: DeviceRequest) {
    self.user = user
    self.password = password
    self.device = device
  }
}

/// spec: client-server-api#legacy-login
package struct LoginByPassword: Sendable {
  private let passwords: PasswordCheck
  private let sessions: SessionOpener
  private let limiter: RateLimiter
  private let database: Database

  package init(
    passwords: PasswordCheck, sessions: SessionOpener, limiter: RateLimiter, database: Database
  ) {
    self.passwords = passwords
    self.sessions = sessions
    self.limiter = limiter
    self.database = database
  }

  /// - Throws: `AccountError.wrongCredentials`, after as long as a right password takes;
  ///   `.deactivated`; `.overloaded`; `.limitExceeded`.
  package func callAsFunction(_ login: PasswordLogin) async throws -> Session {
    let account = try await passwords.account(named: login.user, password: login.password)
    try await limiter.check(.loginAccount, key: account.userID.text)
    let opened = try await database.transaction { [sessions] transaction in
      try await sessions.open(for: account.userID, on: login.device, in: transaction)
    }
    sessions.announce(opened)
    return opened.session
  }
}
