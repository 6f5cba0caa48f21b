import Accounts
import Executors
import Logging
import MatrixIdentifiers
import Postgres
import Streams
import Synchronization
import TestKit
import Testing

/// One process's accounts on an empty database.
struct World: Sendable {
  static let secret = "a shared secret"

  let database: Database
  let invalidations: InvalidationFeed
  let clock: ManualClock
  let configuration: AccountsConfiguration
  let hasher: PasswordHasher
  var lifetimes = TokenLifetimes()
  var limits: [RateLimitName: RateLimit] = [:]
  /// Milliseconds in which a confirmation counts again.
  var skipWindow: Int64 = 0
  let buckets: LocalBuckets
  var reservedNames: (any ReservedDeviceNames)?
  let devicesSeen = RecordingDeviceObserver()

  var limiter: RateLimiter { RateLimiter(limits: limits, buckets: buckets) }
  var sessions: SessionOpener {
    SessionOpener(
      lifetimes: lifetimes, reserved: reservedNames, invalidations: invalidations, clock: clock)
  }
  var refresh: RefreshSession {
    RefreshSession(
      lifetimes: lifetimes, database: database, invalidations: invalidations, clock: clock)
  }
  var registrationAuth: RegistrationAuth {
    RegistrationAuth(configuration: configuration, database: database, clock: clock)
  }
  var register: RegisterAccount {
    RegisterAccount(
      configuration: configuration, auth: registrationAuth, limiter: limiter, passwords: hasher,
      sessions: sessions, database: database, clock: clock)
  }
  var registerGuest: RegisterGuest {
    RegisterGuest(
      configuration: configuration, database: database, sessions: sessions, limiter: limiter,
      clock: clock)
  }
  var registrationTokens: RegistrationTokens {
    RegistrationTokens(configuration: configuration, database: database, clock: clock)
  }
  var availability: UserAvailability {
    UserAvailability(configuration: configuration, database: database)
  }
  var passwords: PasswordCheck {
    PasswordCheck(
      serverName: configuration.serverName, database: database, passwords: hasher,
      limiter: limiter)
  }
  var confirmation: OwnerConfirmation {
    OwnerConfirmation(
      passwords: passwords, skipWindow: skipWindow, database: database, clock: clock)
  }
  var login: LoginByPassword {
    LoginByPassword(
      passwords: passwords, sessions: sessions, limiter: limiter, database: database)
  }
  var loginTokens: LoginTokens {
    LoginTokens(
      lifetime: 120_000, sessions: sessions, limiter: limiter, database: database, clock: clock)
  }
  var sharedSecret: SharedSecretRegistration {
    SharedSecretRegistration(
      configuration: configuration, database: database, passwords: hasher, sessions: sessions,
      clock: clock)
  }
  var deleteDevices: DeleteDevices {
    DeleteDevices(database: database, invalidations: invalidations, observer: devicesSeen)
  }
  var logout: Logout { Logout(deleteDevices: deleteDevices) }
  var devices: DeviceDirectory { DeviceDirectory(database: database, observer: devicesSeen) }
  var profiles: Profiles { Profiles(database: database) }
  var changePassword: ChangePassword {
    ChangePassword(
      policy: configuration.passwordPolicy, confirmation: confirmation, passwords: hasher,
      deleteDevices: deleteDevices, database: database)
  }
  var overrides: RateLimitOverrides {
    RateLimitOverrides(
      serverName: configuration.serverName, database: database, invalidations: invalidations)
  }

  func user(_ localpart: String) throws -> UserID {
    try #require(UserID("@\(localpart):\(configuration.serverName.text)"))
  }

  /// Registers by the dummy stage.
  @discardableResult
  func makeUser(
    _ name: String?, password: String = "right password", deviceID: String? = nil,
    isRefreshable: Bool = false
  ) async throws -> Session {
    let request = RegistrationRequest(
      username: name, password: password,
      device: try DeviceRequest(
        id: deviceID, initialDisplayName: nil, isRefreshable: isRefreshable),
      inhibitLogin: false,
      auth: AuthAttempt(type: "m.login.dummy", session: nil))
    return try #require(try await register(request).session)
  }

  func logIn(
    _ user: String, password: String = "right password", deviceID: String? = nil,
    deviceName: String? = nil, isRefreshable: Bool = false
  ) async throws -> Session {
    try await login(
      PasswordLogin(
        user: user, password: password,
        device: try DeviceRequest(
          id: deviceID, initialDisplayName: deviceName, isRefreshable: isRefreshable)))
  }

  /// Who a new user of that name is.
  func makeRequester(_ name: String) async throws -> Requester {
    try await authenticator().requester(token: try await makeUser(name).accessToken)
  }
}

extension World {
  /// How many rows a table has.
  func count(_ table: String) async throws -> Int64? {
    let statement = Statement("test_count_\(table)", "SELECT count(*) FROM \(table)")
    return try await database.query(statement).int(0, 0)
  }

  /// Runs SQL behind the server's back.
  func run(_ sql: String) async throws {
    try await database.runScript(sql)
  }

  func sightings() -> DeviceSightings {
    DeviceSightings(database: database, logger: TestPostgres.logger)
  }

  func authenticator(sightings: DeviceSightings? = nil) -> Authenticator {
    Authenticator(
      database: database, invalidations: invalidations,
      sightings: sightings ?? self.sightings(), clock: clock, logger: TestPostgres.logger)
  }
}

/// Another process on the same database that hears no announcements.
struct OtherProcess: Sendable {
  let authenticator: Authenticator
  fileprivate let hub: ReplicationHub

  /// Reads what the database has for it since the last time.
  func poll() async throws {
    try await hub.start()
  }
}

extension World {
  func otherProcess() async throws -> OtherProcess {
    let hub = ReplicationHub(
      bus: InMemoryBus(), database: database, instanceName: "other", logger: TestPostgres.logger)
    try await hub.start()
    let authenticator = Authenticator(
      database: database, invalidations: hub.invalidations, sightings: sightings(), clock: clock,
      logger: TestPostgres.logger)
    return OtherProcess(authenticator: authenticator, hub: hub)
  }
}

/// Notes what it is told.
final class RecordingDeviceObserver: DeviceObserver {
  let deleted = Mutex<[String]>([])
  let changed = Mutex<[String]>([])

  func devicesDeleted(
    _ deviceIDs: [String], of user: UserID, in transaction: any Querying
  ) async throws {
    deleted.withLock { $0 += deviceIDs }
  }

  func devicesChanged(_ deviceIDs: [String], of user: UserID) async {
    changed.withLock { $0 += deviceIDs }
  }
}

/// Gives `body` the accounts of the server example.org; the cost of passwords is the least.
func withWorld(
  enableRegistration: Bool = true, allowGuestAccess: Bool = false, pepper: String = "",
  sharedSecret: String? = World.secret,
  configure: (inout AccountsConfiguration) -> Void = { _ in },
  _ body: @Sendable (World) async throws -> Void
) async throws {
  let server = try #require(ServerName("example.org"))
  var configuration = AccountsConfiguration(serverName: server)
  configuration.enableRegistration = enableRegistration
  configuration.allowGuestAccess = allowGuestAccess
  configuration.sharedSecret = sharedSecret
  configure(&configuration)
  let fixed = configuration
  let migrations = StreamsSchema.migrations + AccountsSchema.migrations
  let pool = BlockingPool(threads: 1, queueLimit: 100)
  let outcome: Result<Void, any Error>
  do {
    outcome = .success(
      try await TestPostgres.withDatabase(migrations: migrations) { database in
        let hub = ReplicationHub(
          bus: InMemoryBus(), database: database, instanceName: "main",
          logger: TestPostgres.logger)
        try await hub.start()
        let clock = ManualClock(1_700_000_000_000)
        try await body(
          World(
            database: database, invalidations: hub.invalidations, clock: clock,
            configuration: fixed,
            hasher: PasswordHasher(rounds: 4, pepper: pepper, pool: pool),
            buckets: LocalBuckets(clock: clock)))
      })
  } catch {
    outcome = .failure(error)
  }
  await pool.shutdown()
  try outcome.get()
}
