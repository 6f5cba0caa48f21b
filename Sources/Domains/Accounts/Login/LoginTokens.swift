package import Executors
import MatrixIdentifiers
package import Postgres

/// Signs in a further client by a token that one which is signed in already has got for it.
///
/// spec: client-server-api#post_matrixclientv1loginget_token
package struct LoginTokens: Sendable {
  /// Milliseconds.
  private let lifetime: Int64
  private let sessions: SessionOpener
  private let limiter: RateLimiter
  private let database: Database
  private let clock: any WallClock

  package init(
    lifetime: Int64, sessions: SessionOpener, limiter: RateLimiter, database: Database,
    clock: any WallClock
  ) {
    self.lifetime = lifetime
    self.sessions = sessions
    self.limiter = limiter
    self.database = database
    self.clock = clock
  }

  package func make(
    for requester: Requester
  ) async throws -> (token: String, expiresIn: Int64) {
    try await limiter.check(.loginAccount, of: requester)
    let token = AccessToken.make(.login, for: requester.userID)
    let now = clock.now()
    try await BriefTokenStore.insert(
      BriefTokenStore.Token(
        hash: AccessToken.hash(token), userID: requester.userID, validUntil: now + lifetime),
      in: .login, now: now, on: database)
    return (token, lifetime)
  }

  /// A token is good for one login.
  /// - Throws: `AccountError.invalidLoginToken`, `.deactivated`, `.limitExceeded`.
  package func login(_ token: String, on device: DeviceRequest) async throws -> Session {
    guard AccessToken.isPlausible(token, .login) else { throw AccountError.invalidLoginToken }
    let hash = AccessToken.hash(token)
    let now = clock.now()
    guard let user = try await BriefTokenStore.find(hash, in: .login, now: now, on: database)
    else { throw AccountError.invalidLoginToken }
    try await limiter.check(.loginAccount, key: user.text)
    let opened = try await database.transaction { [sessions] transaction in
      guard try await BriefTokenStore.take(hash, in: .login, now: now, on: transaction) == user
      else { throw AccountError.invalidLoginToken }
      return try await sessions.open(for: user, on: device, in: transaction)
    }
    sessions.announce(opened)
    return opened.session
  }
}
