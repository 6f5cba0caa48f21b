import MatrixIdentifiers

/// Holds back those who ask too often. The budgets are those of the whole fleet, as far as the
/// buckets are shared.
///
/// spec: client-server-api#rate-limiting
package struct RateLimiter: Sendable {
  private let limits: [RateLimitName: RateLimit]
  private let buckets: any RateLimitBuckets

  /// - Parameter limits: what is not named is not limited.
  package init(limits: [RateLimitName: RateLimit], buckets: any RateLimitBuckets) {
    self.limits = limits.filter { !$0.value.isUnlimited }
    self.buckets = buckets
  }

  /// Whether the name has a limit at all.
  package func limits(_ name: RateLimitName) -> Bool {
    limits[name] != nil
  }

  /// Counts actions of a user.
  /// - Parameter key: whose bucket; nil: the requester's own.
  /// - Throws: `AccountError.limitExceeded`.
  package func check(
    _ name: RateLimitName, of requester: Requester, key: String? = nil, count: Int = 1
  ) async throws(AccountError) {
    guard var limit = limits[name] else { return }
    if let override = requester.rateLimitOverride {
      guard override.messagesPerSecond > 0 else { return }
      if name == .message {
        limit = RateLimit(
          perSecond: Double(override.messagesPerSecond), burst: Int(clamping: override.burstCount))
      }
    }
    try await take(count, name, limit, key ?? requester.userID.text, onlyAsking: false)
  }

  /// Counts actions of somebody who is not signed in, for instance by address.
  /// - Throws: `AccountError.limitExceeded`.
  package func check(
    _ name: RateLimitName, key: String, count: Int = 1
  ) async throws(AccountError) {
    guard let limit = limits[name] else { return }
    try await take(count, name, limit, key, onlyAsking: false)
  }

  /// Asks whether an action would be let through, and counts nothing.
  /// - Throws: `AccountError.limitExceeded`.
  package func peek(_ name: RateLimitName, key: String) async throws(AccountError) {
    guard let limit = limits[name] else { return }
    try await take(1, name, limit, key, onlyAsking: true)
  }

  private func take(
    _ count: Int, _ name: RateLimitName, _ limit: RateLimit, _ key: String, onlyAsking: Bool
  ) async throws(AccountError) {
    guard count > 0 else { return }
    let bucket = "\(name.rawValue)/\(key)"
    if let wait = await buckets.take(count, from: bucket, limit, onlyAsking: onlyAsking) {
      throw .limitExceeded(retryAfter: wait)
    }
  }
}
