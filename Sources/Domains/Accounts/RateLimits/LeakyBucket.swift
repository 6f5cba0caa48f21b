/// Decides whether a bucket takes more. All it remembers is when it will be empty.
struct LeakyBucket: Sendable, Equatable {
  /// Microseconds on the clock of whoever keeps it.
  private(set) var emptyAt: Int64

  init(emptyAt: Int64 = 0) {
    self.emptyAt = emptyAt
  }

  func isEmpty(at now: Int64) -> Bool {
    emptyAt <= now
  }

  /// - Returns: nil when it was taken, else the microseconds after which it would be.
  mutating func take(_ count: Int, _ limit: RateLimit, now: Int64) -> Int64? {
    let wait = wait(for: count, limit, now: now)
    guard wait == nil else { return wait }
    emptyAt = now + fill(limit, now) + Int64(count) * limit.interval
    return nil
  }

  /// What `take` would say.
  func wait(for count: Int, _ limit: RateLimit, now: Int64) -> Int64? {
    let excess = fill(limit, now) + Int64(count) * limit.interval - limit.capacity
    return excess > 0 ? excess : nil
  }

  /// Never more than the capacity, also when the clock was set back or the limit was another.
  private func fill(_ limit: RateLimit, _ now: Int64) -> Int64 {
    min(max(emptyAt - now, 0), limit.capacity)
  }
}
