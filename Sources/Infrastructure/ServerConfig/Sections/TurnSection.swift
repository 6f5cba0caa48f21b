/// The TURN server that clients are told of for their calls.
package struct TurnSection: Sendable, Hashable {
  package enum Credentials: Sendable, Hashable {
    case sharedSecret(String)
    case fixed(username: String, password: String)
  }

  package var uris: [String]
  package var credentials: Credentials
  package var lifetime: Duration = .seconds(3600)
  package var allowsGuests = true

  /// Nil when no TURN server is named.
  static func read(_ section: ConfigSection) -> TurnSection? {
    let uris = section.strings("turn_uris", orSingle: true) ?? []
    let secret = section.secret("turn_shared_secret")
    let username = section.string("turn_username")
    let password = section.string("turn_password")
    var turn: TurnSection?
    if let secret {
      turn = TurnSection(uris: uris, credentials: .sharedSecret(secret))
    } else if let username, let password {
      turn = TurnSection(uris: uris, credentials: .fixed(username: username, password: password))
    }
    var read = turn ?? TurnSection(uris: [], credentials: .sharedSecret(""))
    section.read("turn_user_lifetime", into: &read.lifetime)
    section.read("turn_allow_guests", into: &read.allowsGuests)
    guard !uris.isEmpty else { return nil }
    guard turn != nil else {
      section.problems.error(
        "turn_uris", "turn_shared_secret", at: section.location(of: "turn_uris"),
        "The TURN server has neither a shared secret nor a user name and a password.",
        fix: "set `turn_shared_secret`, or `turn_username` and `turn_password`")
      return nil
    }
    return read
  }
}
