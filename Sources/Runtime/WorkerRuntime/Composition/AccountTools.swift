import Accounts
import ClientAPI
import DeviceKeys
import Executors
import MatrixIdentifiers
import Postgres
import ServerConfig
import Streams

/// The use cases of accounts, made of the configuration.
struct AccountTools {
  let limiter: RateLimiter
  let deleteDevices: DeleteDevices
  let confirmation: OwnerConfirmation
  private let section: AccountsSection
  private let configuration: AccountsConfiguration
  private let lifetimes: TokenLifetimes
  private let hasher: PasswordHasher
  private let passwords: PasswordCheck
  private let sessions: SessionOpener
  private let invalidations: InvalidationFeed
  private let database: Database
  private let clock: any WallClock

  init(_ platform: Platform, _ invalidations: InvalidationFeed, _ observers: AccountObservers) {
    let (database, clock) = (platform.database, platform.clock)
    section = platform.config.accounts
    configuration = AccountsConfiguration(section, platform.config.server.serverName)
    lifetimes = TokenLifetimes(section.sessions)
    limiter = RateLimiter(platform)
    hasher = PasswordHasher(
      rounds: section.bcryptRounds, pepper: section.passwords.pepper, pool: platform.blocking)
    passwords = PasswordCheck(
      serverName: configuration.serverName, database: database, passwords: hasher,
      limiter: limiter)
    sessions = SessionOpener(
      lifetimes: lifetimes, reserved: CrossSigningNames(), invalidations: invalidations,
      clock: clock)
    deleteDevices = DeleteDevices(
      database: database, invalidations: invalidations, observer: observers.devices)
    confirmation = OwnerConfirmation(
      passwords: passwords, skipWindow: section.sessions.confirmationWindow.milliseconds,
      database: database, clock: clock)
    self.invalidations = invalidations
    self.database = database
    self.clock = clock
  }

  var registration: RegistrationRoutesDependencies {
    let auth = RegistrationAuth(
      configuration: configuration, database: database, clock: clock)
    return RegistrationRoutesDependencies(
      register: RegisterAccount(
        configuration: configuration, auth: auth, limiter: limiter, passwords: hasher,
        sessions: sessions, database: database, clock: clock),
      registerGuest: RegisterGuest(
        configuration: configuration, database: database, sessions: sessions, limiter: limiter,
        clock: clock),
      auth: auth,
      availability: UserAvailability(configuration: configuration, database: database),
      tokens: RegistrationTokens(
        configuration: configuration, database: database, clock: clock))
  }

  var sharedSecret: SharedSecretRegistration {
    SharedSecretRegistration(
      configuration: configuration, database: database, passwords: hasher, sessions: sessions,
      clock: clock)
  }

  var login: LoginRoutesDependencies {
    let byPassword = LoginByPassword(
      passwords: passwords, sessions: sessions, limiter: limiter, database: database)
    let usesPasswords = section.passwords.loginEnabled && section.passwords.localEnabled
    return LoginRoutesDependencies(
      byPassword: usesPasswords ? byPassword : nil,
      tokens: LoginTokens(
        lifetime: section.sessions.handoverTokenLifetime.milliseconds, sessions: sessions,
        limiter: limiter, database: database, clock: clock),
      handover: LoginHandover(section.sessions),
      refresh: RefreshSession(
        lifetimes: lifetimes, database: database, invalidations: invalidations, clock: clock),
      confirmation: confirmation)
  }

  func ownership(
    _ departures: PendingDepartures, _ observers: [any AccountObserver], _ openID: OpenIDTokens
  ) -> OwnershipRoutesDependencies {
    let change = ChangePassword(
      policy: configuration.passwordPolicy, confirmation: confirmation, passwords: hasher,
      deleteDevices: deleteDevices, database: database)
    return OwnershipRoutesDependencies(
      changePassword: section.passwords.localEnabled ? change : nil,
      deactivate: DeactivateAccount(
        confirmation: confirmation, deleteDevices: deleteDevices, departures: departures,
        observers: observers, database: database, clock: clock),
      openID: openID, turn: section.turn.map(TurnService.init),
      passwordPolicy: configuration.passwordPolicy, clock: clock)
  }
}

extension AccountsConfiguration {
  fileprivate init(_ section: AccountsSection, _ serverName: ServerName) {
    self.init(serverName: serverName)
    enableRegistration = section.registrationEnabled
    hidesTakenNames = section.inhibitsUserInUseError
    registrationRequiresToken = section.registrationRequiresToken
    policies = section.terms.documents.map { document in
      Policy(
        id: document.id, version: document.version,
        translations: document.translations.map {
          Policy.Translation(language: $0.language, name: $0.name, url: $0.url)
        })
    }
    allowGuestAccess = section.guestAccess
    sharedSecret = section.registrationSharedSecret
    let passwords = section.passwords
    passwordPolicy = PasswordPolicy(
      minimumLength: passwords.minimumLength, requiresDigit: passwords.requiresDigit,
      requiresSymbol: passwords.requiresSymbol, requiresLowerCase: passwords.requiresLowerCase,
      requiresUpperCase: passwords.requiresUpperCase)
  }
}

extension TokenLifetimes {
  fileprivate init(_ section: SessionsSection) {
    self.init(
      refreshable: section.refreshableTokenLifetime?.milliseconds,
      nonrefreshable: section.nonrefreshableTokenLifetime?.milliseconds,
      refresh: section.refreshTokenLifetime?.milliseconds,
      session: section.lifetime?.milliseconds)
  }
}

extension LoginHandover {
  fileprivate init(_ section: SessionsSection) {
    if !section.handoverEnabled {
      self = .refused
    } else {
      self = section.handoverNeedsConfirmation ? .confirmed : .allowed
    }
  }
}

extension TurnService {
  fileprivate init(_ section: TurnSection) {
    let secret: Secret =
      switch section.credentials {
      case .sharedSecret(let secret): .shared(secret)
      case .fixed(let username, let password): .fixed(username: username, password: password)
      }
    self.init(
      uris: section.uris, secret: secret, lifetime: section.lifetime.milliseconds,
      allowsGuests: section.allowsGuests)
  }
}

extension Duration {
  fileprivate var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
