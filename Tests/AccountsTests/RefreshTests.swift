import TestKit
import Testing

@testable import Accounts

struct RefreshTests {
  private static let minute: Int64 = 60_000
  private static let lifetimes = TokenLifetimes(
    refreshable: 5 * minute, nonrefreshable: nil, refresh: 60 * minute, session: 24 * 60 * minute)

  /// Gives `body` a user with a refreshable session.
  private func withSession(
    lifetimes: TokenLifetimes = Self.lifetimes,
    _ body: @Sendable (World, Session, Authenticator) async throws -> Void
  ) async throws {
    try await withWorld { world in
      var world = world
      world.lifetimes = lifetimes
      let session = try await world.makeUser("alice", deviceID: "PHONE", isRefreshable: true)
      try await body(world, session, world.authenticator())
    }
  }

  private func isRefused(_ token: String, _ authenticator: Authenticator) async -> AccountError? {
    do {
      _ = try await authenticator.requester(token: token)
      return nil
    } catch {
      return error
    }
  }

  @Test func refreshingGivesNewTokensOfTheSameDevice() async throws {
    try await withSession { world, first, authenticator in
      #expect(first.expiresIn == 5 * Self.minute)
      let token = try #require(first.refreshToken)
      #expect(token.hasPrefix("syr_"))
      let second = try await world.refresh(token)
      #expect(second.deviceID == "PHONE" && second.expiresIn == 5 * Self.minute)
      #expect(second.accessToken != first.accessToken && second.refreshToken != token)
      let requester = try await authenticator.requester(token: second.accessToken)
      #expect(requester.userID == first.userID && requester.deviceID == "PHONE")
      #expect(try await world.devices.list(for: requester).count == 1)
    }
  }

  @Test func oldTokensEndAtTheFirstUseOfTheNewOnes() async throws {
    try await withSession { world, first, authenticator in
      let old = try #require(first.refreshToken)
      let other = try await world.otherProcess()
      _ = try await other.authenticator.requester(token: first.accessToken)
      let second = try await world.refresh(old)
      #expect(await isRefused(first.accessToken, authenticator) == nil, "still good")
      _ = try await authenticator.requester(token: second.accessToken)
      let unknown = AccountError.unknownToken(softLogout: false)
      #expect(await isRefused(first.accessToken, authenticator) == unknown)
      try await other.poll()
      #expect(await isRefused(first.accessToken, other.authenticator) == unknown)
      await #expect(throws: unknown) { try await world.refresh(old) }
      _ = try await world.refresh(try #require(second.refreshToken))
    }
  }

  @Test func anAnswerThatWasLostCanBeAskedForAgain() async throws {
    try await withSession { world, first, authenticator in
      let old = try #require(first.refreshToken)
      let lost = try await world.refresh(old)
      let again = try await world.refresh(old)
      let unknown = AccountError.unknownToken(softLogout: false)
      #expect(await isRefused(lost.accessToken, authenticator) == unknown)
      await #expect(throws: unknown) { try await world.refresh(try #require(lost.refreshToken)) }
      #expect(await isRefused(again.accessToken, authenticator) == nil)
      await #expect(throws: unknown) { try await world.refresh(old) }
    }
  }

  @Test func useOfTheNewRefreshTokenEndsTheOldOne() async throws {
    try await withSession { world, first, authenticator in
      let old = try #require(first.refreshToken)
      let second = try await world.refresh(old)
      let third = try await world.refresh(try #require(second.refreshToken))
      let unknown = AccountError.unknownToken(softLogout: false)
      await #expect(throws: unknown) { try await world.refresh(old) }
      #expect(await isRefused(first.accessToken, authenticator) == unknown)
      #expect(await isRefused(third.accessToken, authenticator) == nil)
    }
  }

  @Test func concurrentRefreshesLeaveOneSession() async throws {
    try await withSession { world, first, _ in
      let old = try #require(first.refreshToken)
      let sessions = try await withThrowingTaskGroup(of: Session.self) { group in
        for _ in 0..<8 { group.addTask { try await world.refresh(old) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      var good = 0
      for session in sessions {
        // A cache of its own each time, as in processes that know nothing yet.
        if await isRefused(session.accessToken, world.authenticator()) == nil { good += 1 }
      }
      #expect(good == 1)
      #expect(try await world.count("refresh_tokens") == 1)
    }
  }

  @Test func expiredAccessTokensAreSoftlyRefused() async throws {
    try await withSession { world, first, authenticator in
      _ = try await authenticator.requester(token: first.accessToken)
      world.clock.advance(by: 5 * Self.minute)
      let soft = AccountError.unknownToken(softLogout: true)
      #expect(await isRefused(first.accessToken, authenticator) == soft)
      #expect(await isRefused(first.accessToken, world.authenticator()) == soft)
      let second = try await world.refresh(try #require(first.refreshToken))
      #expect(await isRefused(second.accessToken, authenticator) == nil)
      world.clock.advance(by: 60 * Self.minute)
      await #expect(throws: soft) { try await world.refresh(try #require(second.refreshToken)) }
    }
  }

  @Test func sessionsEndHoweverOftenTheyAreRefreshed() async throws {
    try await withSession { world, first, authenticator in
      var session = first
      for _ in 0..<47 {
        world.clock.advance(by: 30 * Self.minute)
        session = try await world.refresh(try #require(session.refreshToken))
      }
      world.clock.advance(by: 27 * Self.minute)
      session = try await world.refresh(try #require(session.refreshToken))
      #expect(session.expiresIn == 3 * Self.minute, "no longer than the session")
      world.clock.advance(by: 3 * Self.minute)
      let soft = AccountError.unknownToken(softLogout: true)
      await #expect(throws: soft) { try await world.refresh(try #require(session.refreshToken)) }
      #expect(await isRefused(session.accessToken, authenticator) == soft)
      let again = try await world.logIn("alice", deviceID: "PHONE")
      #expect(await isRefused(again.accessToken, authenticator) == nil)
    }
  }

  @Test func clientsThatCannotRefreshGetTheirOwnLifetime() async throws {
    try await withSession(lifetimes: TokenLifetimes(nonrefreshable: 1000, session: 5000)) {
      world, _, authenticator in
      let plain = try await world.logIn("alice")
      #expect(plain.refreshToken == nil && plain.expiresIn == 1000)
      world.clock.advance(by: 1000)
      #expect(
        await isRefused(plain.accessToken, authenticator) == .unknownToken(softLogout: true))
    }
    try await withSession(lifetimes: TokenLifetimes(refreshable: 1000)) { world, first, _ in
      #expect(first.expiresIn == 1000)
      let plain = try await world.logIn("alice")
      #expect(plain.expiresIn == nil)
    }
  }

  @Test func signingInAgainEndsTheRefreshToken() async throws {
    try await withSession { world, first, _ in
      _ = try await world.logIn("alice", deviceID: "PHONE")
      await #expect(throws: AccountError.unknownToken(softLogout: false)) {
        try await world.refresh(try #require(first.refreshToken))
      }
      #expect(try await world.count("refresh_tokens") == 0)
    }
  }

  @Test(arguments: ["", "nonsense", "syr_", "syt_YWxpY2U_abc_000000", "a\u{0}b"])
  func tokensOfNobody(_ token: String) async throws {
    try await withWorld { world in
      await #expect(throws: AccountError.unknownToken(softLogout: false)) {
        try await world.refresh(token)
      }
    }
  }

  @Test func guestsAreNeverAskedToComeBack() async throws {
    try await withWorld(allowGuestAccess: true) { world in
      var world = world
      world.lifetimes = TokenLifetimes(refreshable: 1, nonrefreshable: 1, session: 1)
      let guest = try #require(
        try await world.registerGuest(initialDeviceDisplayName: nil).session)
      #expect(guest.expiresIn == nil && guest.refreshToken == nil)
    }
  }
}
