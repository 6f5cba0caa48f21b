import TestKit
import Testing

@testable import Accounts

struct LeakyBucketTests {
  /// Two actions at once, one more each half second.
  private static let limit = RateLimit(perSecond: 2, burst: 2)
  private static let second: Int64 = 1_000_000
  private static let start: Int64 = 1_700_000_000 * 1_000_000

  struct Action: Sendable {
    /// Seconds after the start.
    let at: Double
    let count: Int
    /// Seconds to wait; nil when it is taken.
    let wait: Double?

    init(_ at: Double, _ count: Int = 1, wait: Double? = nil) {
      self.at = at
      self.count = count
      self.wait = wait
    }
  }

  @Test(arguments: [
    // A burst, a refusal, and one more when one has flowed out.
    [Action(0), Action(0), Action(0, wait: 0.5), Action(0.5), Action(0.5, wait: 0.5)],
    // What is refused does not count.
    [Action(0), Action(0), Action(0.1, wait: 0.4), Action(0.2, wait: 0.3), Action(0.5)],
    // An idle bucket is empty, never more than that.
    [Action(0), Action(1000), Action(1000), Action(1000, wait: 0.5)],
    // A steady stream at the rate passes.
    [Action(0), Action(0.5), Action(1), Action(1.5), Action(2), Action(2), Action(2, wait: 0.5)],
    // All or nothing.
    [Action(0, 2), Action(0.5, 2, wait: 0.5), Action(0.5), Action(1, 2, wait: 0.5)],
    // More than the bucket holds never fits, and takes nothing.
    [Action(0, 3, wait: 0.5), Action(0, 2)],
    // A clock that was set back makes nobody wait longer than for a full bucket.
    [Action(100), Action(100), Action(0, wait: 0.5), Action(0.5, wait: 0.5)],
  ])
  func story(_ actions: [Action]) {
    var bucket = LeakyBucket()
    for action in actions {
      let now = Self.start + Int64(action.at * Double(Self.second))
      let expected = action.wait.map { Int64($0 * Double(Self.second)) }
      #expect(bucket.wait(for: action.count, Self.limit, now: now) == expected, "\(action)")
      #expect(bucket.take(action.count, Self.limit, now: now) == expected, "\(action)")
    }
  }

  @Test func nothingFlowsOutOfABucketWithoutARate() {
    let limit = RateLimit(perSecond: 0, burst: 2)
    var bucket = LeakyBucket()
    #expect(bucket.take(1, limit, now: Self.start) == nil)
    #expect(bucket.take(1, limit, now: Self.start + 86_400 * Self.second) == nil)
    #expect(bucket.take(1, limit, now: Self.start + 2 * 86_400 * Self.second) != nil)
  }

  @Test(arguments: [
    (RateLimit(perSecond: 1_000_000, burst: 10), true),
    (RateLimit(perSecond: 0.1, burst: 1_000_000), true),
    (RateLimit(perSecond: 1000, burst: 1000), false),
    (RateLimit(perSecond: 0, burst: 0), false),
  ])
  func whatCountsAsNoLimit(_ limit: RateLimit, _ unlimited: Bool) {
    #expect(limit.isUnlimited == unlimited)
  }

  /// At no time has more passed than the burst and what flowed out.
  @Test(arguments: 0..<20)
  func neverMoreThanTheLimit(_ seed: UInt64) {
    var random = SeededRandom(seed)
    let limit = RateLimit(
      perSecond: Double.random(in: 0.1...20, using: &random),
      burst: .random(in: 1...10, using: &random))
    var bucket = LeakyBucket()
    var now = Self.start
    var taken = 0
    var refused = 0
    for _ in 0..<2000 {
      now += Int64.random(in: 0...(Self.second / 5), using: &random)
      let count = Int.random(in: 1...3, using: &random)
      if let wait = bucket.take(count, limit, now: now) {
        refused += 1
        guard count <= limit.burst else { continue }
        // Who waits as long as told is let through.
        var later = bucket
        #expect(later.take(count, limit, now: now + wait - 1) != nil)
        #expect(later.take(count, limit, now: now + wait) == nil)
      } else {
        taken += count
      }
      let flowed = Double(now - Self.start) / Double(Self.second) * limit.perSecond
      #expect(Double(taken) <= Double(limit.burst) + flowed * 1.0001 + 0.001)
    }
    #expect(taken > 0 && refused > 0)
  }
}
