import MatrixIdentifiers
import TestKit
import Testing

@testable import Accounts

struct OwnerConfirmationTests {
  private static let right = "right password"

  private func operation(
    _ name: String = "delete_device A", content: String = "{}", isSkippable: Bool = false,
    happensOnce: Bool = false
  ) -> GuardedOperation {
    GuardedOperation(
      name: name, content: Array(content.utf8), isSkippable: isSkippable,
      happensOnce: happensOnce)
  }

  private func proof(
    _ password: String? = right, user: String? = "alice", session: String? = nil
  ) -> AuthAttempt {
    AuthAttempt(type: "m.login.password", session: session, user: user, password: password)
  }

  /// What a client is told that has not passed.
  private func asked(
    _ world: World, _ attempt: AuthAttempt?, _ requester: Requester, _ operation: GuardedOperation
  ) async throws -> InteractiveAuthState {
    do {
      try await world.confirmation.require(attempt, of: requester, for: operation)
    } catch AccountError.interactiveAuthRequired(let state) {
      return state
    }
    throw Passed()
  }

  private struct Passed: Error {}

  @Test func thePasswordIsAskedForAndPasses() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let state = try await asked(world, nil, alice, operation())
      #expect(state.flows == [[.password]] && state.completed.isEmpty && state.problem == nil)
      try await world.confirmation.require(
        proof(session: state.session), of: alice, for: operation())
      // The answer was lost: the same request with the session alone passes.
      try await world.confirmation.require(
        AuthAttempt(type: nil, session: state.session), of: alice, for: operation())
    }
  }

  @Test func oneRequestIsEnough() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      for user in ["alice", "ALICE", "@alice:example.org", nil] {
        try await world.confirmation.require(proof(user: user), of: alice, for: operation())
      }
      #expect(try await world.count("ui_auth_sessions") == 0)
    }
  }

  @Test func wrongPasswordsCanBeTriedAgain() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let first = try await asked(world, proof("wrong"), alice, operation())
      #expect(first.problem == .wrongPassword && first.completed.isEmpty)
      let second = try await asked(
        world, proof(nil, session: first.session), alice, operation())
      #expect(second.problem == .wrongPassword && second.session == first.session)
      try await world.confirmation.require(
        proof(session: first.session), of: alice, for: operation())
    }
  }

  @Test func otherStagesAreRefused() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      for (type, problem) in [
        ("m.login.dummy", InteractiveAuthState.Problem.stageOutOfOrder),
        ("m.login.sso", .unknownStage),
      ] {
        let state = try await asked(
          world, AuthAttempt(type: type, session: nil), alice, operation())
        #expect(state.problem == problem)
      }
    }
  }

  @Test func onlyTheOwnerPasses() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      try await world.makeUser("bob")
      for user in ["bob", "@bob:example.org", "nobody", "@alice:elsewhere.org", ""] {
        await #expect(throws: AccountError.notTheOwner, "\(user)") {
          try await world.confirmation.require(proof(user: user), of: alice, for: operation())
        }
      }
    }
  }

  @Test func aSessionIsForOneUserAndOneThing() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let bob = try await world.makeRequester("bob")
      let session = try await asked(world, nil, alice, operation()).session
      let tries: [(Requester, GuardedOperation)] = [
        (alice, operation("delete_device B")), (bob, operation()),
        (alice, operation("change_password")),
      ]
      for (requester, other) in tries {
        await #expect(throws: AccountError.operationChanged) {
          try await world.confirmation.require(
            proof(user: nil, session: session), of: requester, for: other)
        }
      }
    }
  }

  @Test func theRequestIsTheSameOnceAStageIsPassed() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let session = try await asked(world, nil, alice, operation()).session
      let later = operation(content: #"{"devices":["A"]}"#)
      try await world.confirmation.require(proof(session: session), of: alice, for: later)
      await #expect(throws: AccountError.operationChanged) {
        try await world.confirmation.require(
          AuthAttempt(type: nil, session: session), of: alice,
          for: operation(content: #"{"devices":["B"]}"#))
      }
      try await world.confirmation.require(
        AuthAttempt(type: nil, session: session), of: alice, for: later)
    }
  }

  @Test func whatHappensOnceIsConfirmedEachTime() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let once = operation("login_token", happensOnce: true)
      let session = try await asked(world, nil, alice, once).session
      try await world.confirmation.require(proof(session: session), of: alice, for: once)
      await #expect(throws: AccountError.unknownInteractiveAuthSession) {
        try await world.confirmation.require(
          AuthAttempt(type: nil, session: session), of: alice, for: once)
      }
    }
  }

  @Test func aConfirmationCountsForAWhile() async throws {
    try await withWorld { world in
      var world = world
      world.skipWindow = 60_000
      let alice = try await world.makeRequester("alice")
      let skippable = operation(isSkippable: true)
      try await world.confirmation.require(nil, of: alice, for: skippable)
      #expect(try await asked(world, nil, alice, operation()).problem == nil)
      world.clock.advance(by: 60_000)
      #expect(try await asked(world, nil, alice, skippable).problem == nil)
      try await world.confirmation.require(proof(), of: alice, for: skippable)
      world.clock.advance(by: 59_999)
      try await world.confirmation.require(nil, of: alice, for: skippable)
      let other = try await world.authenticator().requester(
        token: try await world.logIn("alice").accessToken)
      world.clock.advance(by: 1)
      #expect(try await asked(world, nil, alice, skippable).problem == nil)
      try await world.confirmation.require(nil, of: other, for: skippable)
    }
  }

  @Test func guessingIsSlowedDown() async throws {
    try await withWorld { world in
      var world = world
      world.limits = [.loginFailed: RateLimit(perSecond: 0.1, burst: 2)]
      let alice = try await world.makeRequester("alice")
      for _ in 0..<2 { _ = try await asked(world, proof("wrong"), alice, operation()) }
      let refusal = AccountError.limitExceeded(retryAfter: 10_000)
      await #expect(throws: refusal) {
        try await world.confirmation.require(proof(), of: alice, for: operation())
      }
      // Signing in is guessing too.
      await #expect(throws: refusal) { try await world.logIn("alice") }
      world.clock.advance(by: 10_000)
      try await world.confirmation.require(proof(), of: alice, for: operation())
    }
  }
}
