package import Executors
import MatrixCrypto
import MatrixIdentifiers
import Postgres
package import Streams

/// Gives a device its tokens and ends the ones that it had.
///
/// spec: client-server-api#relationship-between-access-tokens-and-devices
package struct SessionOpener: Sendable {
  private static let deviceIDLength = 10
  private static let firstGeneration: Int64 = 1

  private let lifetimes: TokenLifetimes
  private let reserved: (any ReservedDeviceNames)?
  private let invalidations: InvalidationFeed
  private let clock: any WallClock

  package init(
    lifetimes: TokenLifetimes = TokenLifetimes(), reserved: (any ReservedDeviceNames)? = nil,
    invalidations: InvalidationFeed, clock: any WallClock
  ) {
    self.reserved = reserved
    self.lifetimes = lifetimes
    self.invalidations = invalidations
    self.clock = clock
  }

  struct Opened: Sendable {
    let session: Session
    let endedTokens: [[UInt8]]
  }

  /// Part of the caller's transaction; once that has committed the caller calls `announce`.
  /// - Parameter lasting: guests have no password to come back with, so their tokens never expire.
  /// - Throws: `AccountError.deactivated`; `.reservedDeviceName`; `.wrongCredentials` when the
  ///   account is gone.
  func open(
    for user: UserID, on device: DeviceRequest, lasting: Bool = false,
    in transaction: any Querying
  ) async throws -> Opened {
    guard let deactivated = try await DeviceStore.lockUser(user, on: transaction) else {
      throw AccountError.wrongCredentials
    }
    guard !deactivated else { throw AccountError.deactivated }
    if let name = device.id, try await reserved?.isReserved(name, of: user, in: transaction) == true
    {
      throw AccountError.reservedDeviceName
    }
    let now = clock.now()
    let lifetimes = lasting ? TokenLifetimes() : lifetimes
    let isRefreshable = device.isRefreshable && !lasting
    let sessionEnd = lifetimes.sessionEnd(startedAt: now)
    let token = AccessToken.make(.access, for: user)
    let deviceID = device.id ?? SecureRandom.string(Self.deviceIDLength, .upperCase)
    let new = TokenStore.NewToken(
      hash: AccessToken.hash(token), userID: user, deviceID: deviceID, createdAt: now,
      validUntil: lifetimes.accessTokenEnd(
        isRefreshable: isRefreshable, now: now, sessionEnd: sessionEnd),
      generation: isRefreshable ? Self.firstGeneration : nil, confirmedAt: now)
    let ended = try await TokenStore.replace(
      with: new, deviceName: device.initialDisplayName, on: transaction)
    var refreshToken: String?
    if isRefreshable {
      let made = AccessToken.make(.refresh, for: user)
      let state = RefreshState(
        generation: Self.firstGeneration,
        current: RefreshState.Token(
          hash: AccessToken.hash(made),
          validUntil: lifetimes.refreshTokenEnd(now: now, sessionEnd: sessionEnd)),
        previous: nil, sessionEnd: sessionEnd)
      try await RefreshStore.insert(state, of: user, deviceID, on: transaction)
      refreshToken = made
    }
    try await EndedTokens.record(ended, on: transaction)
    return Opened(
      session: Session(
        userID: user, deviceID: deviceID, accessToken: token, refreshToken: refreshToken,
        expiresIn: new.validUntil.map { $0 - now }),
      endedTokens: ended)
  }

  func announce(_ opened: Opened) {
    announce(opened.endedTokens)
  }

  /// Makes every process ask anew what the tokens stand for.
  func announce(_ tokens: [[UInt8]]) {
    EndedTokens.announce(tokens, on: invalidations)
  }
}
