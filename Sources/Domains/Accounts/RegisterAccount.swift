package import Executors
package import MatrixIdentifiers
package import Postgres

package struct RegistrationRequest: Sendable {
  package let username: String?
  package let password: String?
  package let device: DeviceRequest
  package let inhibitLogin: Bool
  package let auth: AuthAttempt?

  package init(
    username: String?, password: String?, device: DeviceRequest, inhibitLogin: Bool,
    auth: AuthAttempt?
  ) {
    self.username = username
    self.password = password
    self.device = device
    self.inhibitLogin = inhibitLogin
    self.auth = auth
  }
}

/// A new account and, unless the client did not want one, its first session.
package struct Registered: Sendable {
  package let userID: UserID
  package let session: Session?
}

/// Registration by anyone who passes interactive authentication.
///
/// spec: client-server-api#post_matrixclientv3register
package struct RegisterAccount: Sendable {
  /// Tries at finding a free generated name.
  private static let nameTries = 5

  private let configuration: AccountsConfiguration
  private let database: Database
  private let interactiveAuth: InteractiveAuth
  private let passwords: PasswordHasher
  private let sessions: SessionOpener
  private let clock: any WallClock

  package init(
    configuration: AccountsConfiguration, database: Database, passwords: PasswordHasher,
    sessions: SessionOpener, clock: any WallClock
  ) {
    self.configuration = configuration
    self.database = database
    interactiveAuth = InteractiveAuth(
      operation: "register", flows: [[.dummy]], database: database, clock: clock)
    self.passwords = passwords
    self.sessions = sessions
    self.clock = clock
  }

  /// - Throws: `AccountError`; the checks of name and password come before authentication, so
  ///   that nobody proves something for a name that cannot be had.
  package func callAsFunction(_ request: RegistrationRequest) async throws -> Registered {
    guard configuration.enableRegistration else { throw AccountError.registrationDisabled }
    let wanted = try request.username.map {
      try UsernamePolicy.userID(wanted: $0, server: configuration.serverName)
    }
    if let password = request.password {
      guard PasswordHasher.isUsable(password) else { throw AccountError.unusablePassword }
    }
    let session = try await interactiveAuth.session(request.auth)
    if let made = session?.userID {
      // The answer of the first try was lost: the same client asks again.
      guard wanted == nil || wanted == made else {
        throw AccountError.unknownInteractiveAuthSession
      }
      return try await signIn(made, request)
    }
    if let wanted, try await UserStore.exists(wanted, on: database) {
      throw AccountError.userInUse
    }
    try await interactiveAuth.require(request.auth, in: session)
    guard let password = request.password else { throw AccountError.passwordMissing }
    let hash = try await passwords.hash(password)
    return try await insert(wanted, hash, request, authSession: session?.id)
  }

  private func insert(
    _ wanted: UserID?, _ hash: String, _ request: RegistrationRequest, authSession: String?
  ) async throws -> Registered {
    for _ in 0..<Self.nameTries {
      let user = try wanted ?? UsernamePolicy.generated(server: configuration.serverName)
      let account = NewUser(
        userID: user, passwordHash: hash, createdAt: clock.now(), displayName: user.localpart)
      let registered = try await database.transaction { [sessions] transaction in
        try await NewAccount.insert(
          account, device: request.inhibitLogin ? nil : request.device, authSession: authSession,
          sessions: sessions, in: transaction)
      }
      if let registered { return registered }
      guard wanted == nil else { break }
    }
    throw AccountError.userInUse
  }

  private func signIn(
    _ user: UserID, _ request: RegistrationRequest
  ) async throws -> Registered {
    guard !request.inhibitLogin else { return Registered(userID: user, session: nil) }
    let opened = try await database.transaction { [sessions] transaction in
      try await sessions.open(for: user, on: request.device, in: transaction)
    }
    sessions.announce(opened)
    return Registered(userID: user, session: opened.session)
  }
}
