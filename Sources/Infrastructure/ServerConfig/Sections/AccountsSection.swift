/// Who may have an account, and how passwords are kept.
package struct AccountsSection: Sendable {
  package var registrationEnabled = false
  package var registrationWithoutVerification = false
  package var registrationRequiresToken = false
  package var registrationSharedSecret: String?
  package var guestAccess = false
  package var inhibitsUserInUseError = false
  package var autoJoinRooms: [String] = []
  /// The cost parameter: each step doubles the time of a login.
  package var bcryptRounds = 12
  package var passwordsEnabled = true
  /// Passwords of this server's own table count, not only those of other providers.
  package var localPasswordsEnabled = true
  package var passwordPepper = ""
  package var minimumPasswordLength = 0
  /// Nil: no limit. Otherwise, the monthly active users beyond which nobody new is let in.
  package var monthlyActiveUserLimit: Int?
  /// Nil: access tokens do not expire.
  package var sessionLifetime: Duration?

  init(_ section: ConfigSection) {
    section.read("enable_registration", into: &registrationEnabled)
    section.read(
      "enable_registration_without_verification", into: &registrationWithoutVerification)
    section.read("registration_requires_token", into: &registrationRequiresToken)
    registrationSharedSecret = section.secret("registration_shared_secret")
    section.read("allow_guest_access", into: &guestAccess)
    section.read("inhibit_user_in_use_error", into: &inhibitsUserInUseError)
    section.read("auto_join_rooms", into: &autoJoinRooms)
    section.read("bcrypt_rounds", into: &bcryptRounds, in: 4...31)
    section.read("session_lifetime", into: &sessionLifetime)
    readPasswords(section)
    readMonthlyActiveUsers(section)
    checkRegistration(section)
  }

  private mutating func readPasswords(_ top: ConfigSection) {
    guard let section = top.optionalSection("password_config") else { return }
    // `only_for_reauth`: no login by password, but as a stage of interactive authentication.
    if section.node("enabled")?.string == "only_for_reauth" {
      passwordsEnabled = false
    } else {
      section.read("enabled", into: &passwordsEnabled)
    }
    section.read("localdb_enabled", into: &localPasswordsEnabled)
    passwordPepper = section.secret("pepper") ?? ""
    if let policy = section.optionalSection("policy") {
      if policy.bool("enabled") == true {
        policy.read("minimum_length", into: &minimumPasswordLength)
      }
      policy.accept([
        "minimum_length", "require_digit", "require_symbol", "require_lowercase",
        "require_uppercase",
      ])
      policy.reportUnknown()
    }
    section.reportUnknown()
  }

  private mutating func readMonthlyActiveUsers(_ section: ConfigSection) {
    let limit = section.integer("max_mau_value")
    if section.bool("limit_usage_by_mau") == true { monthlyActiveUserLimit = limit ?? 0 }
  }

  private func checkRegistration(_ section: ConfigSection) {
    guard registrationEnabled, !registrationWithoutVerification, !registrationRequiresToken,
      section.bool("enable_registration_captcha") != true,
      section.strings("registrations_require_3pid")?.isEmpty ?? true
    else { return }
    section.problems.error(
      "enable_registration", "enable_registration_without_verification",
      at: section.location(of: "enable_registration"),
      "Anyone could register without any verification, which invites abuse.",
      fix: "set `registration_requires_token: true`, or, if that is what you want, "
        + "`enable_registration_without_verification: true`")
  }
}
