/// Who may have an account, and what it can do.
package struct AccountsSection: Sendable {
  package var registrationEnabled = false
  package var registrationWithoutVerification = false
  package var registrationRequiresToken = false
  package var registrationSharedSecret: String?
  package var guestAccess = false
  package var inhibitsUserInUseError = false
  /// The cost parameter: each step doubles the time of a login.
  package var bcryptRounds = 12
  package var passwords = PasswordsSection()
  /// Nil: no limit. Otherwise, the monthly active users beyond which nobody new is let in.
  package var monthlyActiveUserLimit: Int?
  package var sessions = SessionsSection()
  package var terms = TermsSection()
  package var turn: TurnSection?

  init(_ section: ConfigSection) {
    section.read("enable_registration", into: &registrationEnabled)
    section.read(
      "enable_registration_without_verification", into: &registrationWithoutVerification)
    section.read("registration_requires_token", into: &registrationRequiresToken)
    registrationSharedSecret = section.secret("registration_shared_secret")
    section.read("allow_guest_access", into: &guestAccess)
    section.read("inhibit_user_in_use_error", into: &inhibitsUserInUseError)
    section.read("bcrypt_rounds", into: &bcryptRounds, in: 4...31)
    section.group("password_config") { passwords = PasswordsSection($0) }
    sessions = SessionsSection(section)
    terms = TermsSection(section)
    turn = TurnSection.read(section)
    readMonthlyActiveUsers(section)
    checkRegistration(section)
  }

  private mutating func readMonthlyActiveUsers(_ section: ConfigSection) {
    let limit = section.integer("max_mau_value")
    if section.bool("limit_usage_by_mau") == true { monthlyActiveUserLimit = limit ?? 0 }
  }

  private func checkRegistration(_ section: ConfigSection) {
    let asksForCaptcha = section.bool("enable_registration_captcha") == true
    let asksForThreepid = section.strings("registrations_require_3pid")?.isEmpty == false
    guard registrationEnabled, !registrationWithoutVerification, !registrationRequiresToken else {
      return
    }
    for (key, isSet) in [
      ("enable_registration_captcha", asksForCaptcha),
      ("registrations_require_3pid", asksForThreepid),
    ] where isSet {
      section.problems.error(
        "enable_registration", key, at: section.location(of: key),
        "This kind of verification is not offered, so anyone could register without it.",
        fix: "remove `\(key)` and set `registration_requires_token: true`")
    }
    guard !asksForCaptcha, !asksForThreepid else { return }
    section.problems.error(
      "enable_registration", "enable_registration_without_verification",
      at: section.location(of: "enable_registration"),
      "Anyone could register without any verification, which invites abuse.",
      fix: "set `registration_requires_token: true`, or, if that is what you want, "
        + "`enable_registration_without_verification: true`")
  }
}

/// What passwords are for, and what new ones must have.
package struct PasswordsSection: Sendable {
  package var loginEnabled = true
  /// Passwords of this server's own table count, not only those of other providers.
  package var localEnabled = true
  package var pepper = ""
  /// Nil: no limit.
  package var minimumLength: Int?
  package var requiresDigit = false
  package var requiresSymbol = false
  package var requiresLowerCase = false
  package var requiresUpperCase = false

  init() {}

  init(_ section: ConfigSection) {
    // `only_for_reauth`: no login by password, but as a stage of interactive authentication.
    if section.node("enabled")?.string == "only_for_reauth" {
      loginEnabled = false
    } else {
      section.read("enabled", into: &loginEnabled)
    }
    section.read("localdb_enabled", into: &localEnabled)
    pepper = section.secret("pepper") ?? ""
    section.group("policy") { policy in
      guard policy.bool("enabled") == true else {
        policy.accept([
          "minimum_length", "require_digit", "require_symbol", "require_lowercase",
          "require_uppercase",
        ])
        return
      }
      minimumLength = policy.integer("minimum_length")
      policy.read("require_digit", into: &requiresDigit)
      policy.read("require_symbol", into: &requiresSymbol)
      policy.read("require_lowercase", into: &requiresLowerCase)
      policy.read("require_uppercase", into: &requiresUpperCase)
    }
  }
}
