import MatrixIdentifiers
import TestKit
import Testing

@testable import Accounts

struct RateLimiterTests {
  private let clock = ManualClock(1_700_000_000_000)

  private func limiter(_ limits: [RateLimitName: RateLimit]) -> RateLimiter {
    RateLimiter(limits: limits, buckets: LocalBuckets(clock: clock))
  }

  private func requester(
    _ name: String = "alice", _ override: RateLimitOverride? = nil
  ) throws -> Requester {
    Requester(
      userID: try #require(UserID("@\(name):example.org")), deviceID: "D", tokenHash: [],
      rateLimitOverride: override)
  }

  /// How many of `tries` are let through at once, and what the last one is told.
  private func passed(
    _ tries: Int, _ check: () async throws(AccountError) -> Void
  ) async -> (count: Int, refusal: AccountError?) {
    var count = 0
    var refusal: AccountError?
    for _ in 0..<tries {
      do {
        try await check()
        count += 1
      } catch {
        refusal = error
      }
    }
    return (count, refusal)
  }

  @Test func eachUserAndNameHasABudget() async throws {
    let limiter = limiter([
      .message: RateLimit(perSecond: 0.5, burst: 3),
      .joinLocal: RateLimit(perSecond: 0.1, burst: 2),
    ])
    let (alice, bob) = (try requester(), try requester("bob"))
    let first = await passed(5) { () throws(AccountError) in
      try await limiter.check(.message, of: alice)
    }
    #expect(first.count == 3)
    #expect(first.refusal == .limitExceeded(retryAfter: 2000))
    #expect(
      await passed(5) { () throws(AccountError) in
        try await limiter.check(.message, of: bob)
      }.count == 3)
    #expect(
      await passed(5) { () throws(AccountError) in
        try await limiter.check(.joinLocal, of: alice)
      }.count == 2)
    clock.advance(by: 1999)
    #expect(
      await passed(1) { () throws(AccountError) in
        try await limiter.check(.message, of: alice)
      }.count == 0)
    clock.advance(by: 1)
    #expect(
      await passed(2) { () throws(AccountError) in
        try await limiter.check(.message, of: alice)
      }.count == 1)
  }

  @Test func keysShareABudgetAmongUsers() async throws {
    let limiter = limiter([.joinPerRoom: RateLimit(perSecond: 1, burst: 2)])
    let (alice, bob) = (try requester(), try requester("bob"))
    try await limiter.check(.joinPerRoom, of: alice, key: "!room")
    try await limiter.check(.joinPerRoom, of: bob, key: "!room")
    await #expect(throws: AccountError.limitExceeded(retryAfter: 1000)) {
      try await limiter.check(.joinPerRoom, of: bob, key: "!room")
    }
    try await limiter.check(.joinPerRoom, of: bob, key: "!other")
  }

  @Test func askingCountsNothing() async throws {
    let limiter = limiter([.loginFailed: RateLimit(perSecond: 1, burst: 1)])
    #expect(
      await passed(5) { () throws(AccountError) in
        try await limiter.peek(.loginFailed, key: "k")
      }.count == 5)
    try await limiter.check(.loginFailed, key: "k")
    await #expect(throws: AccountError.limitExceeded(retryAfter: 1000)) {
      try await limiter.peek(.loginFailed, key: "k")
    }
  }

  @Test func whatHasNoLimitIsNotCounted() async throws {
    let limiter = limiter([.message: RateLimit(perSecond: 1_000_000, burst: 1_000_000)])
    #expect(!limiter.limits(.message) && !limiter.limits(.presence))
    let alice = try requester()
    #expect(
      await passed(1000) { () throws(AccountError) in
        try await limiter.check(.message, of: alice)
      }.count == 1000)
  }

  @Test func overrides() async throws {
    let limiter = limiter([
      .message: RateLimit(perSecond: 1, burst: 1), .joinLocal: RateLimit(perSecond: 1, burst: 1),
    ])
    let free = try requester("free", RateLimitOverride(messagesPerSecond: 0, burstCount: 0))
    let fast = try requester("fast", RateLimitOverride(messagesPerSecond: 100, burstCount: 7))
    func count(_ name: RateLimitName, _ requester: Requester) async -> Int {
      await passed(20) { () throws(AccountError) in
        try await limiter.check(name, of: requester)
      }.count
    }
    #expect(await count(.message, free) == 20)
    #expect(await count(.joinLocal, free) == 20)
    #expect(await count(.message, fast) == 7)
    #expect(await count(.joinLocal, fast) == 1, "an override is about messages")
  }

  @Test func severalAtOnce() async throws {
    let limiter = limiter([.invitePerIssuer: RateLimit(perSecond: 1, burst: 5)])
    let alice = try requester()
    try await limiter.check(.invitePerIssuer, of: alice, count: 4)
    await #expect(throws: AccountError.limitExceeded(retryAfter: 1000)) {
      try await limiter.check(.invitePerIssuer, of: alice, count: 2)
    }
    try await limiter.check(.invitePerIssuer, of: alice, count: 0)
    try await limiter.check(.invitePerIssuer, of: alice)
  }
}
