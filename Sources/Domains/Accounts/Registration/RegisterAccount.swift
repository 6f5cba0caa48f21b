package import Executors
package import MatrixIdentifiers
package import Postgres

package struct RegistrationRequest: Sendable {
  package let username: String?
  package let password: String?
  package let device: DeviceRequest
  package let inhibitLogin: Bool
  package let auth: AuthAttempt?
  /// The guest who wants a full account under the name that they have.
  package let guest: Requester?
  /// Where the request came from.
  package let address: String

  package init(
    username: String?, password: String?, device: DeviceRequest, inhibitLogin: Bool,
    auth: AuthAttempt?, guest: Requester? = nil, address: String = ""
  ) {
    self.username = username
    self.password = password
    self.device = device
    self.inhibitLogin = inhibitLogin
    self.auth = auth
    self.guest = guest
    self.address = address
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
  private let auth: RegistrationAuth
  private let limiter: RateLimiter
  private let passwords: PasswordHasher
  private let sessions: SessionOpener
  private let database: Database
  private let clock: any WallClock

  package init(
    configuration: AccountsConfiguration, auth: RegistrationAuth, limiter: RateLimiter,
    passwords: PasswordHasher, sessions: SessionOpener, database: Database, clock: any WallClock
  ) {
    self.configuration = configuration
    self.auth = auth
    self.limiter = limiter
    self.passwords = passwords
    self.sessions = sessions
    self.database = database
    self.clock = clock
  }

  /// - Throws: `AccountError`; the checks of name and password come before authentication, so
  ///   that nobody proves something for a name that cannot be had.
  package func callAsFunction(_ request: RegistrationRequest) async throws -> Registered {
    guard configuration.enableRegistration else { throw AccountError.registrationDisabled }
    try await limiter.peek(.registration, key: request.address)
    let wanted = try wantedName(request)
    if let password = request.password { try configuration.passwordPolicy.check(password) }
    let session = try await auth.session(of: request.auth)
    if let made = session.userID {
      // The answer of the first try was lost: the same client asks again.
      guard wanted == nil || wanted == made else {
        throw AccountError.unknownInteractiveAuthSession
      }
      return try await signIn(made, request)
    }
    if let wanted, request.guest == nil, !configuration.hidesTakenNames,
      try await UserStore.exists(wanted, on: database)
    {
      throw AccountError.userInUse
    }
    let passed = try await auth.require(request.auth, in: session)
    guard let password = request.password else { throw AccountError.passwordMissing }
    try await limiter.check(.registration, key: request.address)
    let hash = try await passwords.hash(password)
    if let guest = request.guest { return try await upgrade(guest, hash, request, passed) }
    return try await insert(wanted, hash, request, passed)
  }

  /// - Throws: `AccountError.invalidUsername`, `.notTheGuest`.
  private func wantedName(_ request: RegistrationRequest) throws -> UserID? {
    if let guest = request.guest {
      guard guest.isGuest, request.username == guest.userID.localpart else {
        throw AccountError.notTheGuest
      }
      return guest.userID
    }
    return try request.username.map {
      try UsernamePolicy.userID(wanted: $0, server: configuration.serverName)
    }
  }

  private func insert(
    _ wanted: UserID?, _ hash: String, _ request: RegistrationRequest,
    _ passed: InteractiveAuthSession
  ) async throws -> Registered {
    for _ in 0..<Self.nameTries {
      let user = try wanted ?? UsernamePolicy.generated(server: configuration.serverName)
      var account = NewUser(userID: user, passwordHash: hash, createdAt: clock.now())
      account.displayName = user.localpart
      account.acceptedPolicies = acceptedPolicies(passed)
      let new = account
      let registered = try await database.transaction { [sessions] transaction in
        try await NewAccount.insert(
          new, device: request.inhibitLogin ? nil : request.device, after: passed,
          sessions: sessions, in: transaction)
      }
      if let registered { return registered }
      guard wanted == nil else { break }
    }
    throw AccountError.userInUse
  }

  /// Makes a full account of the guest's.
  private func upgrade(
    _ guest: Requester, _ hash: String, _ request: RegistrationRequest,
    _ passed: InteractiveAuthSession
  ) async throws -> Registered {
    let user = guest.userID
    let policies = acceptedPolicies(passed)
    let tokens: [[UInt8]]? = try await database.transaction { transaction in
      guard
        try await UserStore.upgradeGuest(
          user, passwordHash: hash, acceptedPolicies: policies, on: transaction)
      else { return nil }
      try await NewAccount.finish(passed, user, in: transaction)
      return try await CachedTokens.recordChange(of: user, on: transaction)
    }
    guard let tokens else { throw AccountError.notTheGuest }
    sessions.announce(tokens)
    return try await signIn(user, request)
  }

  private func acceptedPolicies(_ passed: InteractiveAuthSession) -> [String] {
    passed.completed.contains(.terms) ? configuration.policies.map(\.record) : []
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
