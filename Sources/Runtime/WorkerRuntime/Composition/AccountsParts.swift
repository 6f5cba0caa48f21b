import Accounts
import AdminAPI
import ClientAPI
import DelayedEvents
import Executors
import HTTPServing
import Logging
import MatrixIdentifiers
import RoomEvents
import ServerConfig
import Streams

/// What other domains do when something happens to an account.
struct AccountObservers {
  let profiles: [any ProfileChangeObserver]
  let departures: any RoomDepartures
  var devices: (any DeviceObserver)?
  var accounts: [any AccountObserver] = []
}

/// The accounts domain of one process.
struct AccountsParts {
  let authenticated: Authenticated
  let authenticator: Authenticator
  let profiles: Profiles
  /// For whatever only the owner of an account may do.
  let confirmation: OwnerConfirmation
  let openID: OpenIDTokens
  private let sightings: DeviceSightings
  private let departures: PendingDepartures
  private let routesOfAccounts: AccountRoutesDependencies
  private let admin: AdminRoutesDependencies
  private let config: HomeserverConfig

  init(_ platform: Platform, invalidations: InvalidationFeed, observers: AccountObservers) {
    let tools = AccountTools(platform, invalidations, observers)
    let (database, clock) = (platform.database, platform.clock)
    let logger = Logger(label: "apus.accounts")
    config = platform.config
    sightings = DeviceSightings(database: database, logger: logger)
    authenticator = Authenticator(
      database: database, invalidations: invalidations, sightings: sightings, clock: clock,
      logger: logger)
    authenticated = Authenticated(authenticator, limiter: tools.limiter)
    profiles = Profiles(database: database, observers: observers.profiles)
    confirmation = tools.confirmation
    openID = OpenIDTokens(database: database, clock: clock)
    departures = PendingDepartures(
      rooms: observers.departures, looksAround: config.duties.contains(.migrate),
      database: database, clock: clock, logger: logger)
    routesOfAccounts = AccountRoutesDependencies(
      authenticated: authenticated, registration: tools.registration, login: tools.login,
      logout: Logout(deleteDevices: tools.deleteDevices),
      devices: DeviceRoutesDependencies(
        directory: DeviceDirectory(database: database, observer: observers.devices),
        delete: tools.deleteDevices, confirmation: tools.confirmation),
      ownership: tools.ownership(departures, observers.accounts, openID), profiles: profiles)
    admin = AdminRoutesDependencies(
      authenticator: authenticator, registration: tools.sharedSecret,
      availability: tools.registration.availability, tokens: tools.registration.tokens,
      overrides: RateLimitOverrides(
        serverName: config.server.serverName, database: database, invalidations: invalidations))
  }

  var routes: [Route] {
    let server = config.server
    let version = RoomVersion(id: config.rooms.defaultVersion) ?? .default
    return accountRoutes(routesOfAccounts) + adminRoutes(admin)
      + serverRoutes(
        ServerRoutesDependencies(
          authenticated: authenticated, defaultRoomVersion: version,
          publicBaseURL: server.servesClientWellKnown ? server.publicBaseURL : nil,
          delegatedServer: server.servesServerWellKnown ? "\(server.serverName.host):443" : nil,
          accounts: AccountCapabilities(
            changesPasswords: config.accounts.passwords.localEnabled,
            handsOutLoginTokens: config.accounts.sessions.handoverEnabled),
          delayedEvents: DelayedEventLimits(config.delayedEvents), adminContact: server.adminContact
        ))
  }

  /// Runs until cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await sightings.run() }
      group.addTask { await departures.run() }
    }
  }
}
