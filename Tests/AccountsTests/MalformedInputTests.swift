import MatrixIdentifiers
import TestKit
import Testing

@testable import Accounts

/// Whatever text comes in, the outcome is success or an `AccountError`; an error of the database
/// would be an input that was let through to it.
struct MalformedInputTests {
  private static let pieces = [
    "a", "Z", "0", "_", "@", ":", "/", "%00", "\u{0}", "\u{FFFD}", "\u{1F600}", "e\u{301}", "'",
    "\"", "\\", ";--", " ", "\n", "example.org", "\u{202E}", "syt_",
    String(repeating: "x", count: 300),
  ]

  private func text(_ random: inout SeededRandom) -> String {
    (0..<Int.random(in: 0..<6, using: &random))
      .map { _ in Self.pieces.randomElement(using: &random) ?? "" }.joined()
  }

  private func attempt(
    _ what: String, seed: UInt64, _ work: () async throws -> Void
  ) async {
    do {
      try await work()
    } catch {
      #expect(error is AccountError, "\(what), seed \(seed): \(error)")
    }
  }

  @Test func everyTextIsAnsweredProperly() async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice")
      let authenticator = world.authenticator()
      let alice = try await authenticator.requester(token: session.accessToken)
      for seed in 0..<60 as Range<UInt64> {
        var random = SeededRandom(seed)
        let (first, second, third) = (text(&random), text(&random), text(&random))
        await attempt("register", seed: seed) {
          try await world.makeUser(first, password: second, deviceID: third)
        }
        await attempt("session", seed: seed) {
          _ = try await world.register(
            RegistrationRequest(
              username: first, password: second,
              device: try DeviceRequest(id: nil, initialDisplayName: third), inhibitLogin: false,
              auth: AuthAttempt(type: third, session: second)))
        }
        await attempt("login", seed: seed) {
          _ = try await world.logIn(first, password: second, deviceID: third, deviceName: first)
        }
        await attempt("token", seed: seed) {
          _ = try await authenticator.requester(token: first, from: second)
        }
        await attempt("available", seed: seed) { try await world.availability.check(first) }
        await attempt("device", seed: seed) {
          try await world.devices.rename(first, to: second, for: alice)
        }
        await attempt("profile", seed: seed) {
          try await world.profiles.set(.displayName, to: first, of: alice.userID, by: alice)
        }
        await attempt("admin", seed: seed) {
          _ = try await world.sharedSecret(
            SharedSecretRequest(
              nonce: first, username: second, password: third, isAdmin: true, displayName: first,
              mac: second))
        }
      }
    }
  }
}
