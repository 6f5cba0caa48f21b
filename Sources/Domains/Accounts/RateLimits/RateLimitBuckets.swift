package import Executors
import Synchronization

/// Where the buckets are kept.
package protocol RateLimitBuckets: Sendable {
  /// Puts `count` actions into the bucket of `key`, or into none when it has no room for all.
  ///
  /// - Parameter onlyAsking: nothing is put in.
  /// - Returns: nil when there was room, else the milliseconds after which there would be.
  func take(
    _ count: Int, from key: String, _ limit: RateLimit, onlyAsking: Bool
  ) async -> Int64?
}

/// Buckets of one process.
package final class LocalBuckets: RateLimitBuckets {
  /// Buckets that are remembered. When so many are in use at once, all are forgotten: to be too
  /// generous for a moment is better than to hold back the wrong ones.
  private static let limit = 100_000
  private static let microsecondsPerMillisecond: Int64 = 1000

  private let clock: any WallClock
  private let buckets = Mutex<[String: LeakyBucket]>([:])

  package init(clock: any WallClock) {
    self.clock = clock
  }

  package func take(
    _ count: Int, from key: String, _ limit: RateLimit, onlyAsking: Bool
  ) -> Int64? {
    let now = clock.now() * Self.microsecondsPerMillisecond
    let wait: Int64? = buckets.withLock { buckets in
      var bucket = buckets[key] ?? LeakyBucket()
      if onlyAsking { return bucket.wait(for: count, limit, now: now) }
      if let wait = bucket.take(count, limit, now: now) { return wait }
      if buckets.count >= Self.limit { Self.makeRoom(in: &buckets, now) }
      buckets[key] = bucket
      return nil
    }
    return wait.map { ($0 + Self.microsecondsPerMillisecond - 1) / Self.microsecondsPerMillisecond }
  }

  private static func makeRoom(in buckets: inout [String: LeakyBucket], _ now: Int64) {
    buckets = buckets.filter { !$0.value.isEmpty(at: now) }
    if buckets.count >= limit { buckets = [:] }
  }
}
