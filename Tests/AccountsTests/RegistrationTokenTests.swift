import MatrixIdentifiers
import Postgres
import TestKit
import Testing

@testable import Accounts

struct RegistrationTokenTests {
  private static let now: Int64 = 1_700_000_000_000

  struct Validity: Sendable {
    let token: RegistrationToken
    let isValid: Bool

    init(
      uses: Int64?, pending: Int64 = 0, completed: Int64 = 0, expiry: Int64? = nil,
      _ isValid: Bool
    ) {
      token = RegistrationToken(
        token: "t", usesAllowed: uses, pending: pending, completed: completed, expiryTime: expiry)
      self.isValid = isValid
    }
  }

  @Test(arguments: [
    Validity(uses: nil, completed: 1000, true),
    Validity(uses: 1, true),
    Validity(uses: 1, pending: 1, false),
    Validity(uses: 1, completed: 1, false),
    Validity(uses: 2, pending: 1, completed: 1, false),
    Validity(uses: 2, completed: 1, true),
    Validity(uses: 0, false),
    Validity(uses: nil, expiry: now, true),
    Validity(uses: nil, expiry: now - 1, false),
  ])
  func validity(_ test: Validity) {
    #expect(test.token.isValid(at: Self.now) == test.isValid)
  }

  @Test func administratorsManageThem() async throws {
    try await withWorld { world in
      let tokens = world.registrationTokens
      let abc = try await tokens.create(
        "abc", length: 16, usesAllowed: 2, expiryTime: Self.now + 1000)
      #expect(abc == (try await tokens.get("abc")))
      let made = try await tokens.create(nil, length: 64, usesAllowed: nil, expiryTime: nil)
      #expect(made.token.count == 64 && RegistrationToken.isWellFormed(made.token))
      #expect(try await tokens.list(valid: nil).count == 2)
      world.clock.advance(by: 2000)
      #expect(try await tokens.list(valid: true).map(\.token) == [made.token])
      #expect(try await tokens.list(valid: false).map(\.token) == ["abc"])
      let longer = try await tokens.update("abc", usesAllowed: nil, expiryTime: .some(nil))
      #expect(longer.usesAllowed == 2 && longer.expiryTime == nil)
      let often = try await tokens.update("abc", usesAllowed: .some(nil), expiryTime: nil)
      #expect(often.usesAllowed == nil && often.expiryTime == nil)
      #expect(try await tokens.isValid("abc"))
      try await tokens.delete("abc")
      #expect(try await !tokens.isValid("abc"))
      await #expect(throws: AccountError.unknownRegistrationToken) {
        try await tokens.delete("abc")
      }
      await #expect(throws: AccountError.unknownRegistrationToken) {
        try await tokens.get("a\u{0}b")
      }
      await #expect(throws: AccountError.unknownRegistrationToken) {
        try await tokens.update("abc", usesAllowed: nil, expiryTime: nil)
      }
    }
  }

  @Test func badTokensAreRefused() async throws {
    try await withWorld { world in
      let tokens = world.registrationTokens
      _ = try await tokens.create("abc", length: 16, usesAllowed: nil, expiryTime: nil)
      func fault(
        _ token: String?, length: Int64 = 16, uses: Int64? = nil, expiry: Int64? = nil
      ) async throws -> RegistrationTokenFault? {
        do {
          _ = try await tokens.create(token, length: length, usesAllowed: uses, expiryTime: expiry)
          return nil
        } catch AccountError.registrationTokenFault(let fault) {
          return fault
        }
      }
      #expect(try await fault("abc") == .exists)
      #expect(try await fault("") == .badLength)
      #expect(try await fault(String(repeating: "a", count: 65)) == .badLength)
      #expect(try await fault("a b") == .badCharacters)
      #expect(try await fault("ä") == .badCharacters)
      #expect(try await fault(nil, length: 0) == .badLength)
      #expect(try await fault(nil, length: .max) == .badLength)
      #expect(try await fault("x", uses: -1) == .negativeUses)
      #expect(try await fault("x", expiry: Self.now - 1) == .expired)
    }
  }
}

/// Registration where one must know a token and accept terms.
struct GuardedRegistrationTests {
  private static let terms = Policy(
    id: "terms", version: "1.2",
    translations: [.init(language: "en", name: "Terms", url: "https://example.org/terms")])

  private func request(_ auth: AuthAttempt?, name: String = "alice") throws -> RegistrationRequest {
    RegistrationRequest(
      username: name, password: "right password",
      device: try DeviceRequest(id: nil, initialDisplayName: nil), inhibitLogin: false,
      auth: auth)
  }

  private func attempt(
    _ stage: AuthStage?, _ session: String?, token: String? = nil
  ) -> AuthAttempt {
    AuthAttempt(type: stage?.rawValue, session: session, token: token)
  }

  private func state(
    _ world: World, _ auth: AuthAttempt?, name: String = "alice"
  ) async throws -> InteractiveAuthState {
    do {
      _ = try await world.register(try request(auth, name: name))
    } catch AccountError.interactiveAuthRequired(let state) {
      return state
    }
    throw Passed()
  }

  private struct Passed: Error {}

  private func withGuardedWorld(_ body: @Sendable (World) async throws -> Void) async throws {
    try await withWorld(
      configure: {
        $0.registrationRequiresToken = true
        $0.policies = [Self.terms]
      },
      { world in
        _ = try await world.registrationTokens.create(
          "once", length: 1, usesAllowed: 1, expiryTime: nil)
        try await body(world)
      })
  }

  @Test func theWholeWay() async throws {
    try await withGuardedWorld { world in
      let asked = try await state(world, nil)
      #expect(asked.flows == [[.registrationToken, .dummy, .terms]])
      #expect(asked.policies == [Self.terms])
      let session = asked.session
      let known = try await state(
        world, attempt(.registrationToken, session, token: "once"))
      #expect(known.completed == [.registrationToken] && known.problem == nil)
      let pending = try await world.registrationTokens.get("once")
      #expect(pending.pending == 1 && pending.completed == 0)
      let early = try await state(world, attempt(.terms, session))
      #expect(early.problem == .stageOutOfOrder)
      _ = try await state(world, attempt(.dummy, session))
      let registered = try await world.register(try request(attempt(.terms, session)))
      #expect(registered.userID == (try world.user("alice")))
      let used = try await world.registrationTokens.get("once")
      #expect(used.pending == 0 && used.completed == 1)
      let accepted = try await world.database.query(
        Statement("test_accepted", "SELECT accepted_policies FROM users"))
      #expect(accepted.texts(0, 0) == ["terms 1.2"])
      // The answer was lost: the same client asks again.
      let again = try await world.register(try request(attempt(.terms, session)))
      #expect(again.userID == registered.userID)
      #expect(try await world.registrationTokens.get("once").completed == 1)
    }
  }

  @Test func wrongTokens() async throws {
    try await withGuardedWorld { world in
      let first = try await state(world, attempt(.registrationToken, nil))
      #expect(first.problem == .registrationTokenMissing)
      for token in ["unknown", "", "a b", "a\u{0}b", String(repeating: "x", count: 1000)] {
        let state = try await state(
          world, attempt(.registrationToken, first.session, token: token))
        #expect(state.problem == .invalidRegistrationToken, "\(token.prefix(20))")
        #expect(state.session == first.session)
      }
    }
  }

  @Test func noMoreBeginThanMayEnd() async throws {
    try await withGuardedWorld { world in
      let states = try await withThrowingTaskGroup(of: InteractiveAuthState.self) { group in
        for number in 0..<8 {
          group.addTask {
            try await state(
              world, attempt(.registrationToken, nil, token: "once"), name: "user\(number)")
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(states.filter { $0.completed == [.registrationToken] }.count == 1)
      #expect(states.filter { $0.problem == .invalidRegistrationToken }.count == 7)
      #expect(try await world.registrationTokens.get("once").pending == 1)
    }
  }

  @Test func aUseIsFreeAgainWhenItsSessionIsSweptAway() async throws {
    try await withGuardedWorld { world in
      let first = try await state(world, attempt(.registrationToken, nil, token: "once"))
      // The same session again needs no second use.
      let again = try await state(
        world, attempt(.registrationToken, first.session, token: "once"))
      #expect(again.problem == nil && again.completed == [.registrationToken])
      world.clock.advance(by: InteractiveAuth.lifetime + 1)
      _ = try await state(world, nil)
      #expect(try await world.registrationTokens.get("once").pending == 0)
      let second = try await state(world, attempt(.registrationToken, nil, token: "once"))
      #expect(second.completed == [.registrationToken])
    }
  }

  @Test func stagesCanBePassedOnPages() async throws {
    try await withGuardedWorld { world in
      let session = try await state(world, nil).session
      let auth = world.registrationAuth
      #expect(
        try await auth.complete(.registrationToken, session: session)
          == .registrationTokenMissing)
      #expect(
        try await auth.complete(.registrationToken, session: session, token: "wrong")
          == .invalidRegistrationToken)
      #expect(try await auth.complete(.terms, session: session) == .stageOutOfOrder)
      for stage in [AuthStage.registrationToken, .registrationToken, .dummy, .terms, .terms] {
        #expect(try await auth.complete(stage, session: session, token: "once") == nil)
      }
      let registered = try await world.register(try request(attempt(nil, session)))
      #expect(registered.userID == (try world.user("alice")))
      for unknown in ["nothing", "", "a\u{0}b"] {
        await #expect(throws: AccountError.unknownInteractiveAuthSession) {
          try await auth.complete(.terms, session: unknown)
        }
      }
    }
  }

  @Test func registeringIsSlowedDownByAddress() async throws {
    try await withWorld { world in
      var world = world
      world.limits = [.registration: RateLimit(perSecond: 0.1, burst: 2)]
      func register(_ name: String, from address: String) async throws {
        _ = try await world.register(
          RegistrationRequest(
            username: name, password: "right password",
            device: try DeviceRequest(id: nil, initialDisplayName: nil), inhibitLogin: true,
            auth: AuthAttempt(type: "m.login.dummy", session: nil), address: address))
      }
      try await register("a", from: "1.1.1.1")
      try await register("b", from: "1.1.1.1")
      await #expect(throws: AccountError.limitExceeded(retryAfter: 10_000)) {
        try await register("c", from: "1.1.1.1")
      }
      try await register("c", from: "2.2.2.2")
    }
  }
}

struct GuestUpgradeTests {
  private func upgrade(
    _ world: World, _ guest: Requester, name: String?
  ) async throws -> Registered {
    try await world.register(
      RegistrationRequest(
        username: name, password: "right password",
        device: try DeviceRequest(id: nil, initialDisplayName: nil), inhibitLogin: false,
        auth: AuthAttempt(type: "m.login.dummy", session: nil), guest: guest))
  }

  @Test func guestsBecomeFullUsersUnderTheirName() async throws {
    try await withWorld(allowGuestAccess: true) { world in
      let session = try #require(
        try await world.registerGuest(initialDeviceDisplayName: nil).session)
      let authenticator = world.authenticator()
      let guest = try await authenticator.requester(token: session.accessToken)
      let full = try await upgrade(world, guest, name: guest.userID.localpart)
      #expect(full.userID == guest.userID)
      // The guest's own session is a full one now, also where it was known.
      #expect(try await !authenticator.requester(token: session.accessToken).isGuest)
      _ = try await world.logIn(guest.userID.text)
    }
  }

  @Test func nobodyElseDoes() async throws {
    try await withWorld(allowGuestAccess: true) { world in
      let session = try #require(
        try await world.registerGuest(initialDeviceDisplayName: nil).session)
      let guest = try await world.authenticator().requester(token: session.accessToken)
      let alice = try await world.makeRequester("alice")
      for (requester, name) in [(guest, "alice"), (guest, nil), (alice, "alice")] {
        await #expect(throws: AccountError.notTheGuest) {
          try await upgrade(world, requester, name: name)
        }
      }
    }
  }
}
