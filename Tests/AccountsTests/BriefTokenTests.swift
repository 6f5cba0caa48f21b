import TestKit
import Testing

@testable import Accounts

struct BriefTokenTests {
  private func anyDevice() throws -> DeviceRequest {
    try DeviceRequest(id: nil, initialDisplayName: nil)
  }

  @Test func aLoginTokenSignsInOnce() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let (token, expiresIn) = try await world.loginTokens.make(for: alice)
      #expect(token.hasPrefix("syl_") && expiresIn == 120_000)
      let session = try await world.loginTokens.login(
        token, on: try DeviceRequest(id: "NEW", initialDisplayName: "New", isRefreshable: true))
      #expect(session.userID == alice.userID && session.deviceID == "NEW")
      #expect(session.refreshToken != nil)
      await #expect(throws: AccountError.invalidLoginToken) {
        try await world.loginTokens.login(token, on: try anyDevice())
      }
    }
  }

  @Test func oneOfTwoThatUseItAtOnceIsSignedIn() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let (token, _) = try await world.loginTokens.make(for: alice)
      let won = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<8 {
          group.addTask {
            (try? await world.loginTokens.login(token, on: try anyDevice())) != nil
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(won == 1)
    }
  }

  @Test func tokensThatAreNoGood() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let (token, _) = try await world.loginTokens.make(for: alice)
      world.clock.advance(by: 120_000)
      for bad in [token, "", "syl_", "nonsense", "a\u{0}b"] {
        await #expect(throws: AccountError.invalidLoginToken, "\(bad)") {
          try await world.loginTokens.login(bad, on: try anyDevice())
        }
      }
      _ = try await world.loginTokens.make(for: alice)
      #expect(try await world.count("login_tokens") == 2, "swept once it is past its end")
      world.clock.advance(by: 1)
      _ = try await world.loginTokens.make(for: alice)
      #expect(try await world.count("login_tokens") == 2)
    }
  }

  @Test func openIDTokensTellWhoOneIs() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let tokens = OpenIDTokens(database: world.database, clock: world.clock)
      let token = try await tokens.make(for: alice.userID)
      #expect(try await tokens.user(of: token) == alice.userID)
      #expect(try await tokens.user(of: token) == alice.userID, "any number of times")
      await #expect(throws: AccountError.unknownToken(softLogout: false)) {
        try await world.authenticator().requester(token: token)
      }
      world.clock.advance(by: OpenIDTokens.lifetime * 1000)
      #expect(try await tokens.user(of: token) == nil)
      for bad in ["", "x", "a\u{0}b", String(repeating: "x", count: 9999)] {
        #expect(try await tokens.user(of: bad) == nil)
      }
    }
  }

  @Test func turnCredentialsAreDerived() async throws {
    try await withWorld { world in
      let service = TurnService(
        uris: ["turn:example.org"], secret: .shared("secret"), lifetime: 3_600_000,
        allowsGuests: true)
      let credentials = service.credentials(
        for: try world.user("alice"), now: 1_700_000_000_000)
      #expect(credentials.username == "1700003600:@alice:example.org")
      // printf '1700003600:@alice:example.org' | openssl dgst -sha1 -hmac secret -binary | base64
      #expect(credentials.password == "9HaqhKW5eJvjeIRayOoimT7XAQM=")
      #expect(credentials.lifetime == 3600 && credentials.uris == ["turn:example.org"])
      let fixed = TurnService(
        uris: [], secret: .fixed(username: "u", password: "p"), lifetime: 1000,
        allowsGuests: true
      ).credentials(for: try world.user("alice"), now: 0)
      #expect(fixed.username == "u" && fixed.password == "p")
    }
  }
}
