import Executors
import MatrixIdentifiers
import TestKit
import Testing

@testable import Accounts

struct RegistrationTests {
  private func request(
    _ name: String?, password: String? = "right password", inhibitLogin: Bool = false,
    auth: AuthAttempt? = AuthAttempt(type: "m.login.dummy", session: nil)
  ) throws -> RegistrationRequest {
    RegistrationRequest(
      username: name, password: password,
      device: try DeviceRequest(id: "DEV", initialDisplayName: "Phone"),
      inhibitLogin: inhibitLogin, auth: auth)
  }

  private func state(_ work: () async throws -> Registered) async throws -> InteractiveAuthState {
    do {
      _ = try await work()
    } catch AccountError.interactiveAuthRequired(let state) {
      return state
    }
    Issue.record("no authentication was asked for")
    throw AccountError.unavailable
  }

  @Test func dummyStageWithoutSessionRegistersAtOnce() async throws {
    try await withWorld { world in
      let registered = try await world.register(request("Alice"))
      let session = try #require(registered.session)
      #expect(registered.userID == (try world.user("alice")))
      #expect(session.deviceID == "DEV")
      #expect(session.accessToken.hasPrefix("syt_YWxpY2U_"))
      let requester = try await world.authenticator().requester(token: session.accessToken)
      #expect(requester.userID == registered.userID)
      #expect(requester.deviceID == "DEV")
      #expect(!requester.isAdmin && !requester.isGuest)
      #expect(try await world.devices.device("DEV", for: requester).displayName == "Phone")
      let profile = try await world.profiles.profile(of: registered.userID)
      #expect(profile == Profile(displayName: "alice", avatarURL: nil))
    }
  }

  @Test func asksForAuthenticationAndPassesWithTheSession() async throws {
    try await withWorld { world in
      let first = try await state { try await world.register(request("alice", auth: nil)) }
      #expect(first.flows == [[.dummy]])
      #expect(first.completed.isEmpty)
      #expect(first.problem == nil)
      let wrong = AuthAttempt(type: "m.login.magic", session: first.session)
      let second = try await state { try await world.register(request("alice", auth: wrong)) }
      #expect(second.session == first.session)
      #expect(second.problem == .unknownStage)
      let right = AuthAttempt(type: "m.login.dummy", session: first.session)
      let registered = try await world.register(request("alice", auth: right))
      #expect(registered.session != nil)
    }
  }

  @Test func repeatedRequestOfASessionFindsItsAccount() async throws {
    try await withWorld { world in
      let asked = try await state { try await world.register(request("alice", auth: nil)) }
      let auth = AuthAttempt(type: "m.login.dummy", session: asked.session)
      let first = try await world.register(request("alice", auth: auth))
      let again = try await world.register(request("alice", auth: auth))
      #expect(first.userID == again.userID)
      let authenticator = world.authenticator()
      let lost = try #require(first.session?.accessToken)
      await #expect(throws: AccountError.unknownToken(softLogout: false)) {
        try await authenticator.requester(token: lost)
      }
      let token = try #require(again.session?.accessToken)
      #expect(try await authenticator.requester(token: token).userID == first.userID)
      await #expect(throws: AccountError.unknownInteractiveAuthSession) {
        try await world.register(request("bob", auth: auth))
      }
    }
  }

  @Test func sessionsRunOutAndUnknownOnesAreRefused() async throws {
    try await withWorld { world in
      let asked = try await state { try await world.register(request("alice", auth: nil)) }
      world.clock.advance(by: 24 * 60 * 60 * 1000 + 1)
      for session in [asked.session, "nothing", "", "a\u{0}b", String(repeating: "s", count: 9999)]
      {
        await #expect(throws: AccountError.unknownInteractiveAuthSession) {
          try await world.register(
            request("alice", auth: AuthAttempt(type: "m.login.dummy", session: session)))
        }
      }
      _ = try await state { try await world.register(request("alice", auth: nil)) }
      #expect(try await world.count("ui_auth_sessions") == 1, "the old session was swept")
    }
  }

  @Test func takenNameIsRefusedBeforeAuthentication() async throws {
    try await withWorld { world in
      try await world.makeUser("alice")
      for auth in [nil, AuthAttempt(type: "m.login.dummy", session: nil)] {
        await #expect(throws: AccountError.userInUse) {
          try await world.register(request("ALICE", auth: auth))
        }
      }
      await #expect(throws: AccountError.userInUse) {
        try await world.availability.check("Alice")
      }
      #expect(try await world.availability.check("Bob") == (try world.user("bob")))
      await #expect(throws: AccountError.invalidUsername(.forbiddenCharacters)) {
        try await world.availability.check("b b")
      }
    }
  }

  @Test func oneOfTwoRegistrationsOfANameWins() async throws {
    try await withWorld { world in
      for round in 0..<5 {
        let results = await withTaskGroup(of: Result<Session, any Error>.self) { group in
          for _ in 0..<4 {
            group.addTask {
              do {
                return .success(try await world.makeUser("racer\(round)"))
              } catch {
                return .failure(error)
              }
            }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
        let won = results.compactMap { try? $0.get() }
        #expect(won.count == 1)
        for case .failure(let error) in results {
          #expect(error as? AccountError == .userInUse)
        }
        let token = try #require(won.first?.accessToken)
        let winner = try await world.authenticator().requester(token: token)
        #expect(try await world.devices.list(for: winner).count == 1)
      }
    }
  }

  @Test func withoutANameOneIsMade() async throws {
    try await withWorld { world in
      let users = [try await world.makeUser(nil), try await world.makeUser(nil)].map(\.userID)
      #expect(users[0] != users[1])
      #expect(users.allSatisfy { UserID.isValidNewLocalpart($0.localpart) })
    }
  }

  @Test func inhibitedLoginMakesNoSession() async throws {
    try await withWorld { world in
      let registered = try await world.register(request("alice", inhibitLogin: true))
      #expect(registered.session == nil)
      #expect(try await world.count("devices") == 0)
      #expect(try await world.logIn("alice").userID == registered.userID)
    }
  }

  @Test func passwordIsNeededAndMustBeUsable() async throws {
    try await withWorld { world in
      await #expect(throws: AccountError.passwordMissing) {
        try await world.register(request("alice", password: nil))
      }
      for password in ["", "a\u{0}b", String(repeating: "p", count: 513)] {
        await #expect(throws: AccountError.unusablePassword) {
          try await world.register(request("alice", password: password))
        }
      }
      #expect(try await world.count("users") == 0)
      let longest = String(repeating: "ä", count: 512)
      _ = try await world.register(request("alice", password: longest))
      _ = try await world.logIn("alice", password: longest)
    }
  }

  @Test func disabledRegistration() async throws {
    try await withWorld(enableRegistration: false) { world in
      await #expect(throws: AccountError.registrationDisabled) {
        try await world.register(request("alice", auth: nil))
      }
      await #expect(throws: AccountError.registrationDisabled) {
        try await world.availability.check("alice")
      }
      await #expect(throws: AccountError.guestAccessDisabled) {
        try await world.registerGuest(initialDeviceDisplayName: nil)
      }
    }
  }

  @Test func guestsGetNumbers() async throws {
    try await withWorld(allowGuestAccess: true) { world in
      let guest = try await world.registerGuest(initialDeviceDisplayName: "Browser")
      #expect(Int64(guest.userID.localpart) != nil)
      let token = try #require(guest.session?.accessToken)
      let requester = try await world.authenticator().requester(token: token)
      #expect(requester.isGuest)
      await #expect(throws: AccountError.wrongCredentials) {
        try await world.logIn(guest.userID.text, password: "")
      }
    }
  }
}
