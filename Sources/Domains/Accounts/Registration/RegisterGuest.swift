package import Executors
package import Postgres

/// Registration of an account without a password, of which only the token is known.
///
/// spec: client-server-api#guest-access
package struct RegisterGuest: Sendable {
  private let configuration: AccountsConfiguration
  private let database: Database
  private let sessions: SessionOpener
  private let limiter: RateLimiter
  private let clock: any WallClock

  package init(
    configuration: AccountsConfiguration, database: Database, sessions: SessionOpener,
    limiter: RateLimiter, clock: any WallClock
  ) {
    self.configuration = configuration
    self.database = database
    self.sessions = sessions
    self.limiter = limiter
    self.clock = clock
  }

  /// - Throws: `AccountError.guestAccessDisabled`; `.userInUse` when imported accounts already
  ///   have the number that came up.
  package func callAsFunction(
    initialDeviceDisplayName: String?, address: String = ""
  ) async throws -> Registered {
    guard configuration.allowGuestAccess else { throw AccountError.guestAccessDisabled }
    try await limiter.check(.registration, key: address)
    let device = try DeviceRequest(id: nil, initialDisplayName: initialDeviceDisplayName)
    let registered = try await database.transaction { [configuration, sessions, clock] database in
      guard let number = try await UserStore.nextGuestNumber(on: database) else {
        throw AccountError.unavailable
      }
      let guest = NewUser(
        userID: try UsernamePolicy.guest(number: number, server: configuration.serverName),
        passwordHash: nil, createdAt: clock.now(), isGuest: true)
      return try await NewAccount.insert(guest, device: device, sessions: sessions, in: database)
    }
    guard let registered else { throw AccountError.userInUse }
    return registered
  }
}
