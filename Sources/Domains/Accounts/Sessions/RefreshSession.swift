package import Executors
package import Postgres
package import Streams

/// Gives a device new tokens in exchange for its refresh token.
///
/// spec: client-server-api#refreshing-access-tokens
package struct RefreshSession: Sendable {
  private let lifetimes: TokenLifetimes
  private let database: Database
  private let invalidations: InvalidationFeed
  private let clock: any WallClock

  package init(
    lifetimes: TokenLifetimes, database: Database, invalidations: InvalidationFeed,
    clock: any WallClock
  ) {
    self.lifetimes = lifetimes
    self.database = database
    self.invalidations = invalidations
    self.clock = clock
  }

  /// - Throws: `AccountError.unknownToken`; softly when the device may sign in again.
  package func callAsFunction(_ refreshToken: String) async throws -> Session {
    guard AccessToken.isPlausible(refreshToken, .refresh) else {
      throw AccountError.unknownToken(softLogout: false)
    }
    let hash = AccessToken.hash(refreshToken)
    guard let owner = try await RefreshStore.owner(of: hash, on: database) else {
      throw AccountError.unknownToken(softLogout: false)
    }
    let (session, ended) = try await database.transaction { [self] transaction in
      try await exchange(hash, of: owner, in: transaction)
    }
    EndedTokens.announce(ended, on: invalidations)
    return session
  }

  private func exchange(
    _ hash: [UInt8], of owner: RefreshStore.Owner, in transaction: any Querying
  ) async throws -> (Session, [[UInt8]]) {
    let (user, deviceID, now) = (owner.userID, owner.deviceID, clock.now())
    guard try await DeviceStore.lockUser(user, on: transaction) == false,
      let state = try await RefreshStore.state(of: user, deviceID, on: transaction)
    else { throw AccountError.unknownToken(softLogout: false) }
    let refreshToken = AccessToken.make(.refresh, for: user)
    let next = RefreshState.Token(
      hash: AccessToken.hash(refreshToken),
      validUntil: lifetimes.refreshTokenEnd(now: now, sessionEnd: state.sessionEnd))
    switch RefreshMachine.present(hash, to: state, next: next, now: now) {
    case .unknown: throw AccountError.unknownToken(softLogout: false)
    case .expired: throw AccountError.unknownToken(softLogout: true)
    case .refreshed(let state, let endedGenerations):
      let token = AccessToken.make(.access, for: user)
      let new = TokenStore.NewToken(
        hash: AccessToken.hash(token), userID: user, deviceID: deviceID, createdAt: now,
        validUntil: lifetimes.accessTokenEnd(
          isRefreshable: true, now: now, sessionEnd: state.sessionEnd),
        generation: state.generation)
      try await TokenStore.insert(new, on: transaction)
      let ended = try await TokenStore.endGenerations(
        endedGenerations, of: user, deviceID, on: transaction)
      try await RefreshStore.update(state, of: user, deviceID, on: transaction)
      try await EndedTokens.record(ended, on: transaction)
      let session = Session(
        userID: user, deviceID: deviceID, accessToken: token, refreshToken: refreshToken,
        expiresIn: new.validUntil.map { $0 - now })
      return (session, ended)
    }
  }
}
