/// Every `rc_*` key, with Synapse's defaults.
package struct RateLimitsSection: Sendable {
  package struct Login: Sendable {
    package var address = RateLimit(0.003, 5)
    package var account = RateLimit(0.003, 5)
    package var failedAttempts = RateLimit(0.17, 3)
  }

  package struct Joins: Sendable {
    package var local = RateLimit(0.1, 10)
    package var remote = RateLimit(0.01, 10)
    package var perRoom = RateLimit(1, 10)
  }

  package struct Invites: Sendable {
    package var perRoom = RateLimit(0.3, 10)
    package var perUser = RateLimit(0.003, 5)
    package var perIssuer = RateLimit(0.3, 10)
    package var thirdParty = RateLimit(0.2, 10)
  }

  /// How requests of one remote server are slowed down and then refused.
  package struct Federation: Sendable {
    package var window: Duration = .milliseconds(1000)
    package var sleepLimit = 10
    package var sleepDelay: Duration = .milliseconds(500)
    package var rejectLimit = 50
    package var concurrent = 3
  }

  package var message = RateLimit(0.2, 10)
  package var registration = RateLimit(0.17, 3)
  package var registrationTokenValidity = RateLimit(0.1, 5)
  /// Nil: redactions by an administrator count as messages.
  package var adminRedaction: RateLimit?
  package var roomCreation = RateLimit(0.016, 10)
  package var threepidValidation = RateLimit(0.003, 5)
  package var keyRequests = RateLimit(20, 100)
  package var mediaCreate = RateLimit(10, 50)
  package var presence = RateLimit(0.1, 1)
  package var delayedEvents = RateLimit(1, 5)
  package var reports = RateLimit(1, 5)
  package var userDirectory = RateLimit(0.016, 200)
  /// Of reading profiles.
  package var profile = RateLimit(1, 500)
  package var login = Login()
  package var joins = Joins()
  package var invites = Invites()
  package var federation = Federation()

  init(_ section: ConfigSection) {
    section.read("rc_message", into: &message)
    section.read("rc_registration", into: &registration)
    section.read("rc_registration_token_validity", into: &registrationTokenValidity)
    section.read("rc_admin_redaction", into: &adminRedaction)
    section.read("rc_room_creation", into: &roomCreation)
    section.read("rc_3pid_validation", into: &threepidValidation)
    section.read("rc_key_requests", into: &keyRequests)
    section.read("rc_media_create", into: &mediaCreate)
    section.read("rc_delayed_event_mgmt", into: &delayedEvents)
    section.read("rc_reports", into: &reports)
    section.read("rc_user_directory", into: &userDirectory)
    section.read("rc_profile", into: &profile)
    section.read("rc_third_party_invite", into: &invites.thirdParty)
    section.read("rc_joins_per_room", into: &joins.perRoom)
    section.group("rc_presence") { $0.read("per_user", into: &presence) }
    section.group("rc_login") {
      $0.read("address", into: &login.address)
      $0.read("account", into: &login.account)
      $0.read("failed_attempts", into: &login.failedAttempts)
    }
    section.group("rc_joins") {
      $0.read("local", into: &joins.local)
      $0.read("remote", into: &joins.remote)
    }
    section.group("rc_invites") {
      $0.read("per_room", into: &invites.perRoom)
      $0.read("per_user", into: &invites.perUser)
      $0.read("per_issuer", into: &invites.perIssuer)
    }
    section.group("rc_federation") {
      $0.read("window_size", into: &federation.window)
      $0.read("sleep_limit", into: &federation.sleepLimit)
      $0.read("sleep_delay", into: &federation.sleepDelay)
      $0.read("reject_limit", into: &federation.rejectLimit)
      $0.read("concurrent", into: &federation.concurrent)
    }
  }
}

extension ConfigSection {
  /// Reads a mapping if it is there, and reports its unknown keys.
  func group(_ key: String, _ body: (ConfigSection) -> Void) {
    guard let section = optionalSection(key) else { return }
    body(section)
    section.reportUnknown()
  }
}
