import Accounts
import AdminAPI
import ClientAPI
import HTTPServing
import Logging
import MatrixIdentifiers
import RoomEvents
import ServerConfig
import Streams

/// The accounts domain of one process.
struct AccountsParts {
  let authenticated: Authenticated
  let sightings: DeviceSightings
  let profiles: Profiles
  private let routesOfAccounts: AccountRoutesDependencies
  private let sharedSecret: SharedSecretRegistration
  private let config: HomeserverConfig

  init(_ platform: Platform, invalidations: InvalidationFeed, observer: any ProfileChangeObserver) {
    config = platform.config
    let section = platform.config.accounts
    let configuration = AccountsConfiguration(
      serverName: platform.config.server.serverName,
      enableRegistration: section.registrationEnabled, allowGuestAccess: section.guestAccess,
      bcryptRounds: section.bcryptRounds, pepper: section.passwordPepper,
      sharedSecret: section.registrationSharedSecret)
    let (database, clock) = (platform.database, platform.clock)
    let passwords = PasswordHasher(
      rounds: section.bcryptRounds, pepper: section.passwordPepper, pool: platform.blocking)
    let sessions = SessionOpener(invalidations: invalidations, clock: clock)
    sightings = DeviceSightings(database: database, logger: Logger(label: "apus.accounts"))
    authenticated = Authenticated(
      Authenticator(
        database: database, invalidations: invalidations, sightings: sightings, clock: clock,
        logger: Logger(label: "apus.accounts")))
    profiles = Profiles(database: database, observer: observer)
    let register = RegisterAccount(
      configuration: configuration, database: database, passwords: passwords,
      sessions: sessions, clock: clock)
    routesOfAccounts = AccountRoutesDependencies(
      authenticated: authenticated,
      registration: RegistrationRoutesDependencies(
        register: register,
        registerGuest: RegisterGuest(
          configuration: configuration, database: database, sessions: sessions, clock: clock),
        availability: UserAvailability(configuration: configuration, database: database)),
      login: LoginByPassword(
        configuration: configuration, database: database, passwords: passwords,
        sessions: sessions),
      logout: Logout(database: database, invalidations: invalidations),
      devices: DeviceDirectory(database: database), profiles: profiles)
    sharedSecret = SharedSecretRegistration(
      configuration: configuration, database: database, passwords: passwords,
      sessions: sessions, clock: clock)
  }

  var routes: [Route] {
    let server = config.server
    let version = RoomVersion(id: config.rooms.defaultVersion) ?? .default
    return accountRoutes(routesOfAccounts)
      + adminRoutes(AdminRoutesDependencies(registration: sharedSecret))
      + serverRoutes(
        ServerRoutesDependencies(
          authenticated: authenticated, defaultRoomVersion: version,
          publicBaseURL: server.publicBaseURL,
          delegatedServer: server.servesServerWellKnown ? "\(server.serverName.host):443" : nil))
  }
}
