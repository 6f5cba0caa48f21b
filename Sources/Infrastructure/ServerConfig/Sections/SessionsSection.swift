/// How long one stays signed in, and when one must prove again who one is.
package struct SessionsSection: Sendable {
  /// Synapse's default of `refreshable_access_token_lifetime`.
  private static let defaultRefreshable = Duration.seconds(300)

  /// Nil: sessions do not end by themselves.
  package var lifetime: Duration?
  package var refreshableTokenLifetime: Duration?
  /// Nil: access tokens of clients that cannot refresh them do not expire.
  package var nonrefreshableTokenLifetime: Duration?
  package var refreshTokenLifetime: Duration?
  /// How long a confirmation by password counts for the next thing that needs one.
  package var confirmationWindow: Duration = .zero
  /// Whether a client that is signed in may sign in another one.
  package var handoverEnabled = false
  package var handoverNeedsConfirmation = true
  package var handoverTokenLifetime: Duration = .seconds(300)

  init() {}

  init(_ section: ConfigSection) {
    section.read("session_lifetime", into: &lifetime)
    section.read("refreshable_access_token_lifetime", into: &refreshableTokenLifetime)
    section.read("nonrefreshable_access_token_lifetime", into: &nonrefreshableTokenLifetime)
    section.read("refresh_token_lifetime", into: &refreshTokenLifetime)
    checkLifetimes(section)
    if refreshableTokenLifetime == nil {
      refreshableTokenLifetime = min(Self.defaultRefreshable, lifetime ?? Self.defaultRefreshable)
    }
    section.group("ui_auth") { $0.read("session_timeout", into: &confirmationWindow) }
    section.group("login_via_existing_session") {
      $0.read("enabled", into: &handoverEnabled)
      $0.read("require_ui_auth", into: &handoverNeedsConfirmation)
      $0.read("token_timeout", into: &handoverTokenLifetime)
    }
  }

  private func checkLifetimes(_ section: ConfigSection) {
    let tokens = [
      ("refreshable_access_token_lifetime", refreshableTokenLifetime),
      ("nonrefreshable_access_token_lifetime", nonrefreshableTokenLifetime),
      ("refresh_token_lifetime", refreshTokenLifetime),
    ]
    guard let lifetime else { return }
    for (key, value) in tokens {
      guard let value, value > lifetime else { continue }
      section.problems.error(
        key, "session_lifetime", at: section.location(of: key),
        "A token cannot outlive the session that it belongs to.",
        fix: "make `\(key)` shorter, or `session_lifetime` longer")
    }
  }
}
