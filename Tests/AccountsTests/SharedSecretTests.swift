import MatrixIdentifiers
import TestKit
import Testing

@testable import Accounts

struct SharedSecretTests {
  private func request(
    _ world: World, nonce: String, name: String = "Alice", password: String = "pw",
    isAdmin: Bool = false, displayName: String? = nil, secret: String = World.secret
  ) -> SharedSecretRequest {
    func make(_ mac: String) -> SharedSecretRequest {
      SharedSecretRequest(
        nonce: nonce, username: name, password: password, isAdmin: isAdmin,
        displayName: displayName, mac: mac)
    }
    return make(SharedSecretRegistration.mac(of: make(""), secret: secret))
  }

  /// The codes were computed with Python's hmac.
  @Test(arguments: [
    ("secret", "Alice", "pass word", false, "c2e7be2ca80066e87794b5c513f7056158c86bd1"),
    ("sécret", "Alice", "pässword", true, "7e470984e359242a639e72e669ee8ae8f9e0ed7f"),
  ])
  func macIsSynapses(
    secret: String, name: String, password: String, isAdmin: Bool, mac: String
  ) {
    let request = SharedSecretRequest(
      nonce: "nonce", username: name, password: password, isAdmin: isAdmin, displayName: nil,
      mac: "")
    #expect(SharedSecretRegistration.mac(of: request, secret: secret) == mac)
  }

  @Test(arguments: [false, true])
  func registersAlsoWhileOpenRegistrationIsOff(isAdmin: Bool) async throws {
    try await withWorld(enableRegistration: false) { world in
      let nonce = try await world.sharedSecret.nonce()
      #expect(nonce.count == 128)
      let session = try await world.sharedSecret(
        request(world, nonce: nonce, isAdmin: isAdmin, displayName: "Alice A."))
      #expect(session.userID == (try world.user("alice")))
      let requester = try await world.authenticator().requester(token: session.accessToken)
      #expect(requester.isAdmin == isAdmin)
      let profile = try await world.profiles.profile(of: session.userID)
      #expect(profile.displayName == "Alice A.")
      _ = try await world.logIn("alice", password: "pw")
    }
  }

  @Test func nonceIsGoodOnceAndForAMinute() async throws {
    try await withWorld { world in
      let used = try await world.sharedSecret.nonce()
      _ = try await world.sharedSecret(request(world, nonce: used))
      let old = try await world.sharedSecret.nonce()
      world.clock.advance(by: 60_001)
      let nonces = [used, old, "invented", "", "a\u{0}b", String(repeating: "f", count: 9999)]
      for nonce in nonces {
        await #expect(throws: AccountError.unknownNonce) {
          try await world.sharedSecret(request(world, nonce: nonce, name: "bob"))
        }
      }
      _ = try await world.sharedSecret.nonce()
      #expect(try await world.count("registration_nonces") == 1, "the old nonce was swept")
    }
  }

  @Test func oneOfManyConcurrentUsesOfANonceWins() async throws {
    try await withWorld { world in
      let nonce = try await world.sharedSecret.nonce()
      let won = await withTaskGroup(of: Bool.self) { group in
        for index in 0..<6 {
          group.addTask {
            let request = request(world, nonce: nonce, name: "user\(index)")
            return (try? await world.sharedSecret(request)) != nil
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(won == 1)
      #expect(try await world.count("users") == 1)
    }
  }

  @Test func wrongMACIsRefusedAndSpendsTheNonce() async throws {
    try await withWorld { world in
      let nonce = try await world.sharedSecret.nonce()
      await #expect(throws: AccountError.wrongMAC) {
        try await world.sharedSecret(request(world, nonce: nonce, secret: "guessed"))
      }
      await #expect(throws: AccountError.unknownNonce) {
        try await world.sharedSecret(request(world, nonce: nonce))
      }
      #expect(try await world.count("users") == 0)
    }
  }

  @Test func roleIsPartOfTheMAC() async throws {
    try await withWorld { world in
      let nonce = try await world.sharedSecret.nonce()
      let honest = request(world, nonce: nonce)
      let raised = SharedSecretRequest(
        nonce: nonce, username: honest.username, password: honest.password, isAdmin: true,
        displayName: nil, mac: honest.mac)
      await #expect(throws: AccountError.wrongMAC) { try await world.sharedSecret(raised) }
    }
  }

  @Test func namesAndPasswordsAreChecked() async throws {
    try await withWorld { world in
      try await world.makeUser("taken")
      func refusal(_ name: String, _ password: String) async throws -> AccountError? {
        let nonce = try await world.sharedSecret.nonce()
        do {
          _ = try await world.sharedSecret(
            request(world, nonce: nonce, name: name, password: password))
          return nil
        } catch let error as AccountError {
          return error
        }
      }
      #expect(try await refusal("a b", "pw") == .invalidUsername(.forbiddenCharacters))
      #expect(try await refusal("", "pw") == .invalidUsername(.empty))
      #expect(try await refusal("a\u{0}b", "pw") == .invalidUsername(.forbiddenCharacters))
      #expect(try await refusal("Taken", "pw") == .userInUse)
      #expect(try await refusal("bob", "") == .unusablePassword)
      #expect(try await refusal("bob", "p\u{0}w") == .unusablePassword)
      #expect(try await refusal("bob", "pw") == nil)
    }
  }

  @Test func withoutASecretThereIsNoSuchRegistration() async throws {
    for secret in [nil, ""] {
      try await withWorld(sharedSecret: secret) { world in
        await #expect(throws: AccountError.sharedSecretDisabled) {
          try await world.sharedSecret.nonce()
        }
        await #expect(throws: AccountError.sharedSecretDisabled) {
          try await world.sharedSecret(request(world, nonce: "n", secret: ""))
        }
      }
    }
  }
}
