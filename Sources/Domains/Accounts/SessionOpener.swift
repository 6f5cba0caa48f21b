package import Executors
import MatrixCrypto
import MatrixIdentifiers
import Postgres
package import Streams

/// Gives a device an access token and ends the ones that it had.
///
/// spec: client-server-api#relationship-between-access-tokens-and-devices
package struct SessionOpener: Sendable {
  private static let deviceIDLength = 10

  private let invalidations: InvalidationFeed
  private let clock: any WallClock

  package init(invalidations: InvalidationFeed, clock: any WallClock) {
    self.invalidations = invalidations
    self.clock = clock
  }

  struct Opened: Sendable {
    let session: Session
    let endedTokens: [[UInt8]]
  }

  /// Part of the caller's transaction; once that has committed the caller calls `announce`.
  /// - Throws: `AccountError.deactivated`; `.wrongCredentials` when the account is gone.
  func open(
    for user: UserID, on device: DeviceRequest, in transaction: any Querying
  ) async throws -> Opened {
    guard let deactivated = try await DeviceStore.lockUser(user, on: transaction) else {
      throw AccountError.wrongCredentials
    }
    guard !deactivated else { throw AccountError.deactivated }
    let token = AccessToken.make(for: user)
    let deviceID = device.id ?? SecureRandom.string(Self.deviceIDLength, .upperCase)
    let ended = try await DeviceStore.replaceToken(
      DeviceStore.NewToken(
        hash: AccessToken.hash(token), userID: user, deviceID: deviceID, createdAt: clock.now()),
      deviceName: device.initialDisplayName, on: transaction)
    try await EndedTokens.record(ended, on: transaction)
    return Opened(
      session: Session(userID: user, deviceID: deviceID, accessToken: token), endedTokens: ended)
  }

  func announce(_ opened: Opened) {
    EndedTokens.announce(opened.endedTokens, on: invalidations)
  }
}
