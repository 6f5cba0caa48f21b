import Executors
import MatrixIdentifiers
import TestKit
import Testing

@testable import Accounts

struct AuthenticatorTests {
  @Test func unknownTokens() async throws {
    let tokens = [
      "", "x", "syt_YWxpY2U_ABCDEFGHIJKLMNOPQRST_1XK2pb",
      "syt_YWxpY2U_ABCDEFGHIJKLMNOPQRST_000000", "a\u{0}b", "Bearer ", "\u{1F600}",
      String(repeating: "long", count: 100_000),
    ]
    try await withWorld { world in
      for token in tokens {
        await #expect(throws: AccountError.unknownToken(softLogout: false), "\(token.prefix(50))") {
          try await world.authenticator().requester(token: token)
        }
      }
    }
  }

  @Test func asksTheDatabaseOnce() async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice")
      let authenticator = world.authenticator()
      let first = try await authenticator.requester(token: session.accessToken)
      // Behind the cache's back: a second query would find nothing.
      try await world.run("DELETE FROM access_tokens")
      #expect(try await authenticator.requester(token: session.accessToken) == first)
    }
  }

  @Test func refusalsAreNotRemembered() async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice")
      let authenticator = world.authenticator()
      try await world.run("UPDATE users SET deactivated = true")
      await #expect(throws: AccountError.unknownToken(softLogout: false)) {
        try await authenticator.requester(token: session.accessToken)
      }
      try await world.run("UPDATE users SET deactivated = false")
      _ = try await authenticator.requester(token: session.accessToken)
    }
  }

  @Test func expiredTokensAskForASoftLogout() async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice")
      let end = world.clock.now() + 1000
      try await world.run("UPDATE access_tokens SET valid_until = \(end)")
      let authenticator = world.authenticator()
      _ = try await authenticator.requester(token: session.accessToken)
      world.clock.advance(by: 1000)
      for authenticator in [authenticator, world.authenticator()] {
        await #expect(throws: AccountError.unknownToken(softLogout: true)) {
          try await authenticator.requester(token: session.accessToken)
        }
      }
    }
  }

  @Test func notesTheUseOfADeviceAtMostEveryTwoMinutes() async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice")
      let sightings = world.sightings()
      let authenticator = world.authenticator(sightings: sightings)
      func seen(from address: String?) async throws -> Device {
        let requester = try await authenticator.requester(
          token: session.accessToken, from: address)
        await sightings.flush()
        return try await world.devices.device(session.deviceID, for: requester)
      }
      let start = world.clock.now()
      let first = try await seen(from: "192.0.2.1")
      #expect(first.lastSeenAt == start)
      #expect(first.lastSeenIP == "192.0.2.1")
      world.clock.advance(by: 119_999)
      #expect(try await seen(from: "192.0.2.2") == first)
      world.clock.advance(by: 1)
      let second = try await seen(from: "192.0.2.3")
      #expect(second.lastSeenAt == start + 120_000)
      #expect(second.lastSeenIP == "192.0.2.3")
      world.clock.advance(by: 120_000)
      #expect(try await seen(from: nil).lastSeenIP == "192.0.2.3")
    }
  }

  @Test func freshProcessGoesOnFromWhatIsStored() async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice")
      let start = world.clock.now()
      let sightings = world.sightings()
      let authenticator = world.authenticator(sightings: sightings)
      func lastSeen(_ fresh: Authenticator? = nil) async throws -> Int64? {
        let requester = try await (fresh ?? authenticator).requester(token: session.accessToken)
        await sightings.flush()
        return try await world.devices.device(session.deviceID, for: requester).lastSeenAt
      }
      #expect(try await lastSeen(world.authenticator(sightings: sightings)) == start)
      world.clock.advance(by: 119_999)
      #expect(try await lastSeen(world.authenticator(sightings: sightings)) == start)
      world.clock.advance(by: 1)
      #expect(try await lastSeen() == start + 120_000)
      world.clock.advance(by: 1000)
      #expect(try await lastSeen() == start + 120_000)
    }
  }

  @Test func addressThatIsNoneDoesNotSpoilTheBatch() async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice")
      let sightings = world.sightings()
      let authenticator = world.authenticator(sightings: sightings)
      let requester = try await authenticator.requester(
        token: session.accessToken, from: "192.0.2.1\u{0}")
      await sightings.flush()
      let device = try await world.devices.device(session.deviceID, for: requester)
      #expect(device.lastSeenAt == world.clock.now())
      #expect(device.lastSeenIP == nil)
    }
  }
}
