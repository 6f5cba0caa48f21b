import Synchronization
import Testing

@testable import Accounts

struct PasswordChangeTests {
  private let operation = GuardedOperation(name: "change_password", content: [])

  private func proof(_ password: String = "right password") -> AuthAttempt {
    AuthAttempt(type: "m.login.password", session: nil, user: "alice", password: password)
  }

  private func isAlive(_ session: Session, _ world: World) async -> Bool {
    (try? await world.authenticator().requester(token: session.accessToken)) != nil
  }

  @Test(arguments: [true, false])
  func theNewPasswordCounts(_ logoutDevices: Bool) async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice", deviceID: "A")
      let other = try await world.logIn("alice", deviceID: "B")
      let requester = try await world.authenticator().requester(token: session.accessToken)
      let (loginToken, _) = try await world.loginTokens.make(for: requester)
      try await world.changePassword(
        to: "new password", of: requester, logoutDevices: logoutDevices, auth: proof(),
        operation: operation)
      await #expect(throws: AccountError.wrongCredentials) { try await world.logIn("alice") }
      #expect(await isAlive(session, world))
      #expect(await isAlive(other, world) == !logoutDevices)
      #expect(world.devicesSeen.deleted.withLock { $0 } == (logoutDevices ? ["B"] : []))
      if logoutDevices {
        await #expect(throws: AccountError.invalidLoginToken) {
          try await world.loginTokens.login(
            loginToken, on: try DeviceRequest(id: nil, initialDisplayName: nil))
        }
      }
      _ = try await world.logIn("alice", password: "new password")
    }
  }

  @Test func nothingChangesWithoutTheOwner() async throws {
    let policy = PasswordPolicy(minimumLength: 8)
    func configure(_ configuration: inout AccountsConfiguration) {
      configuration.passwordPolicy = policy
    }
    try await withWorld(configure: configure) { world in
      let alice = try await world.makeRequester("alice")
      let tries: [(String, AuthAttempt?, AccountError?)] = [
        ("new password", nil, nil), ("new password", proof("wrong"), nil),
        ("short", proof(), .weakPassword(.tooShort(minimum: 8))),
        ("", proof(), .unusablePassword),
        ("a\u{0}bcdefghij", proof(), .unusablePassword),
      ]
      for (password, auth, expected) in tries {
        do {
          try await world.changePassword(
            to: password, of: alice, logoutDevices: true, auth: auth, operation: operation)
          Issue.record("changed to \(password)")
        } catch AccountError.interactiveAuthRequired {
          #expect(expected == nil)
        } catch let error as AccountError {
          #expect(error == expected)
        }
      }
      _ = try await world.logIn("alice")
    }
  }

  struct PolicyCase: Sendable {
    let password: String
    let fault: PasswordPolicy.Fault?
  }

  @Test(arguments: [
    PolicyCase(password: "aB3!efgh", fault: nil),
    PolicyCase(password: "äÖ٣€efgh", fault: nil),
    PolicyCase(password: "aB3!efg", fault: .tooShort(minimum: 8)),
    PolicyCase(password: "aBc!efgh", fault: .noDigit),
    PolicyCase(password: "aB3defgh", fault: .noSymbol),
    PolicyCase(password: "AB3!EFGH", fault: .noLowerCase),
    PolicyCase(password: "ab3!efgh", fault: .noUpperCase),
  ])
  func policies(_ test: PolicyCase) {
    let policy = PasswordPolicy(
      minimumLength: 8, requiresDigit: true, requiresSymbol: true, requiresLowerCase: true,
      requiresUpperCase: true)
    #expect(policy.fault(of: test.password) == test.fault)
    #expect(PasswordPolicy().fault(of: test.password) == nil)
  }
}
