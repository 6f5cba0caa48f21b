package import Executors
package import Logging
package import Postgres
package import Streams

/// Finds out whose an access token is: from memory, or by one query when it is new here.
/// Every process learns of ended tokens through the invalidation feed.
package final class Authenticator: Sendable {
  /// Tokens kept in memory.
  private static let cacheCapacity = 10_000

  private let database: Database
  private let invalidations: InvalidationFeed
  private let sightings: DeviceSightings
  private let clock: any WallClock
  private let logger: Logger
  private let cache: TokenCache

  package init(
    database: Database, invalidations: InvalidationFeed, sightings: DeviceSightings,
    clock: any WallClock, logger: Logger
  ) {
    self.database = database
    self.invalidations = invalidations
    self.sightings = sightings
    self.clock = clock
    self.logger = logger
    let cache = TokenCache(
      capacity: Self.cacheCapacity, sightingInterval: DeviceSightings.interval)
    self.cache = cache
    invalidations.onInvalidate(.accessTokens) { keys in
      if let keys {
        cache.remove(keys.compactMap(EndedTokens.hash(ofKey:)))
      } else {
        cache.removeAll()
      }
    }
  }

  /// - Parameter address: where the request came from, for the owner's list of devices.
  /// - Throws: `.unknownToken`; `.unavailable` when the database cannot be asked.
  package func requester(
    token: String, from address: String? = nil
  ) async throws(AccountError) -> Requester {
    guard AccessToken.isPlausible(token) else { throw .unknownToken(softLogout: false) }
    let hash = AccessToken.hash(token)
    let now = clock.now()
    if let hit = cache.find(hash, now: now) {
      guard !hit.expired else { throw .unknownToken(softLogout: true) }
      if hit.sightingDue { note(hit.requester, at: now, address) }
      return hit.requester
    }
    return try await load(hash, now, address)
  }

  private func load(
    _ hash: [UInt8], _ now: Int64, _ address: String?
  ) async throws(AccountError) -> Requester {
    let generation = cache.generation
    let row: TokenRow?
    do {
      row = try await TokenStore.find(hash, on: database)
      if let row, let generation = row.endsGenerationsBefore, !row.hasExpired(at: now) {
        try await FirstUse.note(of: generation, by: row.requester, on: database, invalidations)
      }
    } catch {
      logger.warning("could not look up an access token", metadata: ["error": "\(error)"])
      throw .unavailable
    }
    guard let row else { throw .unknownToken(softLogout: false) }
    guard !row.hasExpired(at: now) else { throw .unknownToken(softLogout: true) }
    let due = row.deviceSeenAt.map { now - $0 >= DeviceSightings.interval } ?? true
    if due { note(row.requester, at: now, address) }
    cache.insert(
      TokenCache.Entry(
        requester: row.requester, validUntil: row.validUntil,
        sightedAt: due ? now : row.deviceSeenAt ?? now),
      for: hash, loadedAt: generation)
    return row.requester
  }

  private func note(_ requester: Requester, at now: Int64, _ address: String?) {
    guard let deviceID = requester.deviceID else { return }
    sightings.note(requester.userID, deviceID, at: now, from: address)
  }
}
