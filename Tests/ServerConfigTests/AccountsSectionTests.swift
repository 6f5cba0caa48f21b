import Testing

@testable import ServerConfig

struct AccountsSectionTests {
  private func accounts(_ text: String) throws -> AccountsSection {
    let loaded = try load(Fixture.minimal, text)
    #expect(loaded.warnings.isEmpty)
    return loaded.config.accounts
  }

  /// The keys of what is wrong with the text.
  private func faults(_ text: String) throws -> [[String]] {
    try problems(Fixture.minimal, text).map(\.keys)
  }

  @Test func sessionsAsTheyAreUnlessSaid() throws {
    let sessions = try accounts("").sessions
    #expect(sessions.lifetime == nil && sessions.nonrefreshableTokenLifetime == nil)
    #expect(sessions.refreshableTokenLifetime == .seconds(300))
    #expect(sessions.refreshTokenLifetime == nil && sessions.confirmationWindow == .zero)
    #expect(!sessions.handoverEnabled && sessions.handoverNeedsConfirmation)
    #expect(sessions.handoverTokenLifetime == .seconds(300))
  }

  @Test func sessions() throws {
    let sessions = try accounts(
      """
      session_lifetime: 24h
      refreshable_access_token_lifetime: 10m
      nonrefreshable_access_token_lifetime: 24h
      refresh_token_lifetime: 12h
      ui_auth: {session_timeout: 15s}
      login_via_existing_session: {enabled: true, require_ui_auth: false, token_timeout: 1m}
      """
    ).sessions
    #expect(sessions.lifetime == .seconds(86_400))
    #expect(sessions.refreshableTokenLifetime == .seconds(600))
    #expect(sessions.nonrefreshableTokenLifetime == .seconds(86_400))
    #expect(sessions.refreshTokenLifetime == .seconds(43_200))
    #expect(sessions.confirmationWindow == .seconds(15))
    #expect(sessions.handoverEnabled && !sessions.handoverNeedsConfirmation)
    #expect(sessions.handoverTokenLifetime == .seconds(60))
  }

  @Test func tokensDoNotOutliveTheirSession() throws {
    #expect(
      try accounts("session_lifetime: 1m").sessions.refreshableTokenLifetime == .seconds(60))
    for key in [
      "refreshable_access_token_lifetime", "nonrefreshable_access_token_lifetime",
      "refresh_token_lifetime",
    ] {
      #expect(
        try faults("session_lifetime: 1m\n\(key): 2m") == [[key, "session_lifetime"]])
    }
  }

  @Test func passwordPolicies() throws {
    let off = "password_config: {policy: {minimum_length: 10, require_digit: true}}"
    #expect(try accounts(off).passwords.minimumLength == nil)
    let passwords = try accounts(
      """
      password_config:
        enabled: only_for_reauth
        pepper: salt
        policy:
          enabled: true
          minimum_length: 10
          require_digit: true
          require_symbol: true
          require_lowercase: true
          require_uppercase: true
      """
    ).passwords
    #expect(!passwords.loginEnabled && passwords.localEnabled && passwords.pepper == "salt")
    #expect(passwords.minimumLength == 10 && passwords.requiresDigit && passwords.requiresSymbol)
    #expect(passwords.requiresLowerCase && passwords.requiresUpperCase)
  }

  @Test func terms() throws {
    let documents = try accounts(
      """
      terms:
        privacy:
          version: 1.2
          en: {name: Privacy, url: "https://example.org/en"}
          de: {name: Datenschutz, url: "https://example.org/de"}
      """
    ).terms.documents
    #expect(
      documents == [
        TermsSection.Document(
          id: "privacy", version: "1.2",
          translations: [
            .init(language: "en", name: "Privacy", url: "https://example.org/en"),
            .init(language: "de", name: "Datenschutz", url: "https://example.org/de"),
          ])
      ])
    for broken in [
      "terms: {privacy: {version: 1}}", "terms: {privacy: {en: {name: a, url: b}}}",
      "terms: {privacy: {version: 1, en: {name: a}}}",
    ] {
      #expect(try faults(broken) == [["terms.privacy"]])
    }
  }

  @Test func consentAtRegistration() throws {
    let consent = "user_consent: {template_dir: /tmp, version: 1.0, policy_name: Rules"
    #expect(try accounts("\(consent)}").terms.documents.isEmpty)
    let documents = try accounts(
      "public_baseurl: https://example.org\n\(consent), require_at_registration: true}"
    ).terms.documents
    #expect(documents.map(\.id) == ["privacy_policy"] && documents.map(\.version) == ["1.0"])
    #expect(
      documents.first?.translations == [
        .init(language: "en", name: "Rules", url: "https://example.org/_matrix/consent?v=1.0")
      ])
    #expect(
      try faults("user_consent: {require_at_registration: true}") == [["user_consent.version"]])
  }

  @Test func turn() throws {
    #expect(try accounts("turn_shared_secret: s").turn == nil)
    let shared = try accounts(
      """
      turn_uris: [turn:a, turn:b]
      turn_shared_secret: s
      turn_user_lifetime: 1d
      turn_allow_guests: false
      """
    ).turn
    #expect(
      shared
        == TurnSection(
          uris: ["turn:a", "turn:b"], credentials: .sharedSecret("s"),
          lifetime: .seconds(86_400), allowsGuests: false))
    let fixed = try accounts("turn_uris: [turn:a]\nturn_username: u\nturn_password: p").turn
    #expect(
      fixed
        == TurnSection(uris: ["turn:a"], credentials: .fixed(username: "u", password: "p")))
    #expect(try faults("turn_uris: [turn:a]") == [["turn_uris", "turn_shared_secret"]])
    #expect(
      try faults("turn_uris: [turn:a]\nturn_username: u") == [
        ["turn_uris", "turn_shared_secret"]
      ])
  }

  @Test func limitsThatOnlyAdministratorsSet() throws {
    let none = try load(Fixture.minimal).config.rateLimits
    #expect(none.profile == RateLimit(perSecond: 1, burstCount: 500) && none.adminRedaction == nil)
    #expect(none.message == RateLimit(perSecond: 0.2, burstCount: 10))
    let set = try load(
      Fixture.minimal, "rc_profile: {per_second: 2, burst_count: 3}\nrc_admin_redaction: {}"
    ).config.rateLimits
    #expect(set.profile == RateLimit(perSecond: 2, burstCount: 3))
    #expect(set.adminRedaction == RateLimit(perSecond: 0.17, burstCount: 3))
  }
}
