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
  private let configuration: AccountsConfiguration
  private let database: Database
  private let passwords: PasswordHasher
  private let sessions: SessionOpener

  package init(
    configuration: AccountsConfiguration, database: Database, passwords: PasswordHasher,
    sessions: SessionOpener
  ) {
    self.configuration = configuration
    self.database = database
    self.passwords = passwords
    self.sessions = sessions
  }

  /// - Throws: `AccountError.wrongCredentials`, after as long as a right password takes;
  ///   `.deactivated`; `.overloaded`.
  package func callAsFunction(_ login: PasswordLogin) async throws -> Session {
    let account = try await account(login.user)
    let matches = try await passwords.matches(login.password, account?.passwordHash)
    guard let account else { throw AccountError.wrongCredentials }
    if account.deactivated, matches || account.passwordHash == nil {
      throw AccountError.deactivated
    }
    guard matches else { throw AccountError.wrongCredentials }
    let opened = try await database.transaction { [sessions] transaction in
      try await sessions.open(for: account.userID, on: login.device, in: transaction)
    }
    sessions.announce(opened)
    return opened.session
  }

  private func account(_ user: String) async throws -> UserRow? {
    let server = configuration.serverName
    let text = user.hasPrefix("@") ? user : "@\(user):\(server.text)"
    guard let exact = UserID(text), exact.isOn(server),
      let lower = UserID("@\(UsernamePolicy.asciiLowercased(exact.localpart)):\(server.text)")
    else { return nil }
    return try await UserStore.find(exact, or: lower, on: database)
  }
}
