package import Executors
import MatrixCrypto
package import MatrixIdentifiers
package import Postgres

/// Tokens by which a user proves to another service who they are, and nothing more.
///
/// spec: client-server-api#openid
package struct OpenIDTokens: Sendable {
  /// Seconds.
  package static let lifetime: Int64 = 3600
  private static let length = 32
  private static let lengthLimit = 256

  private let database: Database
  private let clock: any WallClock

  package init(database: Database, clock: any WallClock) {
    self.database = database
    self.clock = clock
  }

  package func make(for user: UserID) async throws -> String {
    let token = SecureRandom.string(Self.length, .letters)
    let now = clock.now()
    try await BriefTokenStore.insert(
      BriefTokenStore.Token(
        hash: AccessToken.hash(token), userID: user, validUntil: now + Self.lifetime * 1000),
      in: .openID, now: now, on: database)
    return token
  }

  /// Whose token it is; nil when it is nobody's any more.
  ///
  /// spec: server-server-api#openid
  package func user(of token: String) async throws -> UserID? {
    guard token.utf8.count <= Self.lengthLimit else { return nil }
    return try await BriefTokenStore.find(
      AccessToken.hash(token), in: .openID, now: clock.now(), on: database)
  }
}
