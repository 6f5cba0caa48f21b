package import Executors
import MatrixCrypto
import MatrixIdentifiers
package import Postgres

package struct SharedSecretRequest: Sendable {
  package let nonce: String
  package let username: String
  package let password: String
  package let isAdmin: Bool
  package let displayName: String?
  /// Hexadecimal digits.
  package let mac: String

  package init(
    nonce: String, username: String, password: String, isAdmin: Bool, displayName: String?,
    mac: String
  ) {
    self.nonce = nonce
    self.username = username
    self.password = password
    self.isAdmin = isAdmin
    self.displayName = displayName
    self.mac = mac
  }
}

/// Registration by whoever knows the server's shared secret, as Synapse's tools do it, also while
/// open registration is off. A nonce is good for one try and one minute, so that a request that
/// was seen cannot be sent again.
package struct SharedSecretRegistration: Sendable {
  /// Milliseconds.
  package static let nonceLifetime: Int64 = 60_000
  private static let nonceBytes = 64
  private static let nonceLengthLimit = 256

  private let configuration: AccountsConfiguration
  private let database: Database
  private let passwords: PasswordHasher
  private let sessions: SessionOpener
  private let clock: any WallClock

  package init(
    configuration: AccountsConfiguration, database: Database, passwords: PasswordHasher,
    sessions: SessionOpener, clock: any WallClock
  ) {
    self.configuration = configuration
    self.database = database
    self.passwords = passwords
    self.sessions = sessions
    self.clock = clock
  }

  /// - Throws: `AccountError.sharedSecretDisabled`.
  package func nonce() async throws -> String {
    _ = try secret()
    let nonce = Hex.encode(SecureRandom.bytes(Self.nonceBytes))
    let now = clock.now()
    try await NonceStore.insert(
      nonce, now: now, expiredBefore: now - Self.nonceLifetime, on: database)
    return nonce
  }

  /// - Throws: `AccountError.sharedSecretDisabled`, `.unknownNonce`, `.wrongMAC`,
  ///   `.invalidUsername`, `.unusablePassword`, `.userInUse`, `.overloaded`.
  package func callAsFunction(_ request: SharedSecretRequest) async throws -> Session {
    let secret = try secret()
    guard request.nonce.utf8.count <= Self.nonceLengthLimit, !request.nonce.utf8.contains(0),
      try await NonceStore.take(
        request.nonce, notBefore: clock.now() - Self.nonceLifetime, on: database)
    else { throw AccountError.unknownNonce }
    let expected = Self.mac(of: request, secret: secret)
    guard constantTimeEquals(expected, UsernamePolicy.asciiLowercased(request.mac)) else {
      throw AccountError.wrongMAC
    }
    let user = try UsernamePolicy.userID(
      wanted: request.username, server: configuration.serverName)
    let displayName = request.displayName ?? user.localpart
    try StorableText.check(
      displayName, field: "displayname", limit: StorableText.displayNameLimit)
    guard try await !UserStore.exists(user, on: database) else { throw AccountError.userInUse }
    let account = NewUser(
      userID: user, passwordHash: try await passwords.hash(request.password),
      createdAt: clock.now(), isAdmin: request.isAdmin, displayName: displayName)
    let registered = try await database.transaction { [sessions] transaction in
      try await NewAccount.insert(account, device: .any, sessions: sessions, in: transaction)
    }
    guard let session = registered?.session else { throw AccountError.userInUse }
    return session
  }

  /// HMAC-SHA1 of nonce, name, password and role, joined by NUL bytes, in hexadecimal digits.
  static func mac(of request: SharedSecretRequest, secret: String) -> String {
    let parts = [
      request.nonce, request.username, request.password, request.isAdmin ? "admin" : "notadmin",
    ]
    let message = parts.map { Array($0.utf8) }.joined(separator: [0])
    return Hex.encode(HMAC.sha1(key: Array(secret.utf8), message: Array(message)))
  }

  private func secret() throws(AccountError) -> String {
    guard let secret = configuration.sharedSecret, !secret.isEmpty else {
      throw .sharedSecretDisabled
    }
    return secret
  }
}
