import MatrixCrypto
package import MatrixIdentifiers

/// What a client needs to use the TURN server.
///
/// spec: client-server-api#get_matrixclientv3voipturnserver
package struct TurnCredentials: Sendable, Equatable {
  package let username: String
  package let password: String
  package let uris: [String]
  /// Seconds.
  package let lifetime: Int64
}

/// The TURN server that the administrator has named.
package struct TurnService: Sendable {
  package enum Secret: Sendable {
    /// Shared with the TURN server, which checks what is derived from it.
    /// (draft-uberti-behave-turn-rest)
    case shared(String)
    /// The same for everybody.
    case fixed(username: String, password: String)
  }

  private let uris: [String]
  private let secret: Secret
  /// Milliseconds.
  private let lifetime: Int64
  package let allowsGuests: Bool

  package init(uris: [String], secret: Secret, lifetime: Int64, allowsGuests: Bool) {
    self.uris = uris
    self.secret = secret
    self.lifetime = lifetime
    self.allowsGuests = allowsGuests
  }

  package func credentials(for user: UserID, now: Int64) -> TurnCredentials {
    let (username, password) =
      switch secret {
      case .fixed(let username, let password): (username, password)
      case .shared(let secret): Self.derive(user, until: (now + lifetime) / 1000, secret)
      }
    return TurnCredentials(
      username: username, password: password, uris: uris, lifetime: lifetime / 1000)
  }

  private static func derive(
    _ user: UserID, until end: Int64, _ secret: String
  ) -> (String, String) {
    let username = "\(end):\(user.text)"
    let code = HMAC.sha1(key: Array(secret.utf8), message: Array(username.utf8))
    return (username, padded(UnpaddedBase64.encode(code)))
  }

  /// TURN servers compare text, with the padding that Matrix leaves out elsewhere.
  private static func padded(_ base64: String) -> String {
    base64 + String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
  }
}
