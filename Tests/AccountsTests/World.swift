import Accounts
import Executors
import Logging
import MatrixIdentifiers
import Postgres
import Streams
import TestKit
import Testing

/// One process's accounts on an empty database.
struct World: Sendable {
  static let secret = "a shared secret"

  let database: Database
  let invalidations: InvalidationFeed
  let clock: ManualClock
  let configuration: AccountsConfiguration
  let passwords: PasswordHasher

  var sessions: SessionOpener { SessionOpener(invalidations: invalidations, clock: clock) }
  var register: RegisterAccount {
    RegisterAccount(
      configuration: configuration, database: database, passwords: passwords, sessions: sessions,
      clock: clock)
  }
  var registerGuest: RegisterGuest {
    RegisterGuest(
      configuration: configuration, database: database, sessions: sessions, clock: clock)
  }
  var availability: UserAvailability {
    UserAvailability(configuration: configuration, database: database)
  }
  var login: LoginByPassword {
    LoginByPassword(
      configuration: configuration, database: database, passwords: passwords, sessions: sessions)
  }
  var sharedSecret: SharedSecretRegistration {
    SharedSecretRegistration(
      configuration: configuration, database: database, passwords: passwords, sessions: sessions,
      clock: clock)
  }
  var logout: Logout { Logout(database: database, invalidations: invalidations) }
  var devices: DeviceDirectory { DeviceDirectory(database: database) }
  var profiles: Profiles { Profiles(database: database) }

  func user(_ localpart: String) throws -> UserID {
    try #require(UserID("@\(localpart):\(configuration.serverName.text)"))
  }

  /// Registers by the dummy stage.
  @discardableResult
  func makeUser(
    _ name: String?, password: String = "right password", deviceID: String? = nil
  ) async throws -> Session {
    let request = RegistrationRequest(
      username: name, password: password,
      device: try DeviceRequest(id: deviceID, initialDisplayName: nil), inhibitLogin: false,
      auth: AuthAttempt(type: "m.login.dummy", session: nil))
    return try #require(try await register(request).session)
  }

  func logIn(
    _ user: String, password: String = "right password", deviceID: String? = nil,
    deviceName: String? = nil
  ) async throws -> Session {
    try await login(
      PasswordLogin(
        user: user, password: password,
        device: try DeviceRequest(id: deviceID, initialDisplayName: deviceName)))
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

/// Gives `body` the accounts of the server example.org; the cost of passwords is the least.
func withWorld(
  enableRegistration: Bool = true, allowGuestAccess: Bool = false, pepper: String = "",
  sharedSecret: String? = World.secret, _ body: @Sendable (World) async throws -> Void
) async throws {
  let configuration = AccountsConfiguration(
    serverName: try #require(ServerName("example.org")), enableRegistration: enableRegistration,
    allowGuestAccess: allowGuestAccess, bcryptRounds: 4, pepper: pepper,
    sharedSecret: sharedSecret)
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
        try await body(
          World(
            database: database, invalidations: hub.invalidations,
            clock: ManualClock(1_700_000_000_000),
            configuration: configuration,
            passwords: PasswordHasher(
              rounds: configuration.bcryptRounds, pepper: configuration.pepper, pool: pool)))
      })
  } catch {
    outcome = .failure(error)
  }
  await pool.shutdown()
  try outcome.get()
}
