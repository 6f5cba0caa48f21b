import MatrixIdentifiers
import Testing

@testable import Accounts

struct RateLimitOverrideTests {
  @Test func requestersCarryTheirs() async throws {
    try await withWorld { world in
      let token = try await world.makeUser("alice").accessToken
      let alice = try world.user("alice")
      let (here, other) = (world.authenticator(), try await world.otherProcess())
      func known(_ authenticator: Authenticator) async throws -> RateLimitOverride? {
        try await authenticator.requester(token: token).rateLimitOverride
      }
      #expect(try await known(here) == nil)
      #expect(try await known(other.authenticator) == nil)
      let override = RateLimitOverride(messagesPerSecond: 3, burstCount: 5)
      try await world.overrides.set(override, for: alice)
      #expect(try await world.overrides.get(alice) == override)
      #expect(try await known(here) == override)
      try await other.poll()
      #expect(try await known(other.authenticator) == override)
      let free = RateLimitOverride(messagesPerSecond: 0, burstCount: 0)
      try await world.overrides.set(free, for: alice)
      #expect(try await known(here) == free)
      try await world.overrides.remove(for: alice)
      #expect(try await known(here) == nil)
      #expect(try await world.overrides.get(alice) == nil)
    }
  }

  @Test(arguments: ["@nobody:example.org", "@alice:elsewhere.org"])
  func onlyUsersOfThisServerHaveOne(_ id: String) async throws {
    let user = try #require(UserID(id))
    try await withWorld { world in
      try await world.makeUser("alice")
      await #expect(throws: AccountError.unknownUser) { try await world.overrides.get(user) }
      await #expect(throws: AccountError.unknownUser) {
        try await world.overrides.set(
          RateLimitOverride(messagesPerSecond: 1, burstCount: 1), for: user)
      }
      await #expect(throws: AccountError.unknownUser) {
        try await world.overrides.remove(for: user)
      }
    }
  }
}
