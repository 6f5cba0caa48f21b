import Executors
import MatrixIdentifiers
import Postgres
import Testing

@testable import Accounts

struct LoginTests {
  @Test func findsTheUserByNameOrID() async throws {
    try await withWorld { world in
      try await world.makeUser("alice")
      for user in ["alice", "ALICE", "@alice:example.org", "@Alice:example.org"] {
        #expect(try await world.logIn(user).userID == (try world.user("alice")), "\(user)")
      }
    }
  }

  @Test func importedNameInUpperCaseIsItsOwn() async throws {
    try await withWorld { world in
      try await world.makeUser("alice")
      try await world.makeUser("bob", password: "other password")
      try await world.run(
        """
        INSERT INTO users (user_id, password_hash, created_at)
        SELECT '@Alice:example.org', password_hash, 0 FROM users WHERE user_id LIKE '@bob%'
        """)
      let imported = try await world.logIn("Alice", password: "other password")
      #expect(imported.userID.text == "@Alice:example.org")
      #expect(try await world.logIn("alice").userID == (try world.user("alice")))
    }
  }

  @Test func refusesAlike() async throws {
    let right = "right password"
    try await withWorld { world in
      try await world.makeUser("alice")
      let tries = [
        ("alice", "wrong"), ("alice", ""), ("alice", "\(right)\u{0}x"), ("nobody", right),
        ("@alice:elsewhere.org", right), ("", right), ("@", right), ("@alice", right),
        ("a\u{0}lice", right), (String(repeating: "a", count: 100_000), right),
      ]
      for (user, password) in tries {
        await #expect(throws: AccountError.wrongCredentials, "\(user.prefix(30))") {
          try await world.logIn(user, password: password)
        }
      }
    }
  }

  @Test func aReservedNameIsNoDevices() async throws {
    struct Reserved: ReservedDeviceNames {
      func isReserved(
        _ name: String, of user: UserID, in transaction: any Querying
      ) async throws -> Bool {
        name == "KEY" && user.localpart == "alice"
      }
    }
    try await withWorld { world in
      var world = world
      world.reservedNames = Reserved()
      try await world.makeUser("alice")
      try await world.makeUser("bob")
      let login = world
      await #expect(throws: AccountError.reservedDeviceName) {
        try await login.logIn("alice", deviceID: "KEY")
      }
      #expect(try await login.logIn("alice", deviceID: "OTHER").deviceID == "OTHER")
      #expect(try await login.logIn("bob", deviceID: "KEY").deviceID == "KEY")
    }
  }

  @Test func knownDeviceGetsANewTokenAndLosesTheOld() async throws {
    try await withWorld { world in
      let first = try await world.makeUser("alice", deviceID: "PHONE")
      let authenticator = world.authenticator()
      let other = try await world.logIn("alice", deviceName: "Laptop")
      _ = try await authenticator.requester(token: first.accessToken)
      let second = try await world.logIn("alice", deviceID: "PHONE", deviceName: "Ignored")
      #expect(second.deviceID == "PHONE")
      await #expect(throws: AccountError.unknownToken(softLogout: false)) {
        try await authenticator.requester(token: first.accessToken)
      }
      let requester = try await authenticator.requester(token: second.accessToken)
      _ = try await authenticator.requester(token: other.accessToken)
      let devices = try await world.devices.list(for: requester)
      #expect(devices.count == 2)
      #expect(devices.first { $0.id == "PHONE" }?.displayName == nil)
      #expect(devices.first { $0.id == other.deviceID }?.displayName == "Laptop")
    }
  }

  @Test func concurrentLoginsOfADeviceLeaveOneToken() async throws {
    try await withWorld { world in
      let alice = try await world.makeUser("alice", deviceID: "PHONE").userID
      let device = try DeviceRequest(id: "PHONE", initialDisplayName: nil)
      // Without passwords, whose hashing would space the logins out.
      let sessions = try await withThrowingTaskGroup(of: Session.self) { group in
        for _ in 0..<20 {
          group.addTask {
            let opened = try await world.database.transaction { transaction in
              try await world.sessions.open(for: alice, on: device, in: transaction)
            }
            world.sessions.announce(opened)
            return opened.session
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let authenticator = world.authenticator()
      var alive = 0
      for session in sessions {
        if (try? await authenticator.requester(token: session.accessToken)) != nil { alive += 1 }
      }
      #expect(alive == 1)
      #expect(try await world.count("access_tokens") == 1)
    }
  }

  @Test func generatedDevicesAreTenCapitals() async throws {
    try await withWorld { world in
      let device = try await world.makeUser("alice").deviceID
      #expect(device.count == 10)
      #expect(device.allSatisfy { $0.isASCII && $0.isUppercase })
      #expect(try await world.logIn("alice", deviceID: "").deviceID.count == 10)
    }
  }

  @Test func deactivatedAccountIsToldSoOnlyWithTheRightPassword() async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice")
      try await world.run("UPDATE users SET deactivated = true")
      await #expect(throws: AccountError.deactivated) { try await world.logIn("alice") }
      await #expect(throws: AccountError.wrongCredentials) {
        try await world.logIn("alice", password: "wrong")
      }
      await #expect(throws: AccountError.unknownToken(softLogout: false)) {
        try await world.authenticator().requester(token: session.accessToken)
      }
      try await world.run("UPDATE users SET password_hash = NULL")
      await #expect(throws: AccountError.deactivated) { try await world.logIn("alice") }
    }
  }

  @Test func hashesOfSynapseAreAcceptedWithItsPepper() async throws {
    try await withWorld(pepper: "pepper") { world in
      try await world.makeUser("alice")
      // bcrypt of "importedpepper": Synapse puts the pepper behind the password.
      let hash = "$2b$04$abcdefghijklmnopqrstuuvlmFHmz5kDA4hg/AYwPjgJZnd/ABH6."
      try await world.run("UPDATE users SET password_hash = '\(hash)'")
      _ = try await world.logIn("alice", password: "imported")
      await #expect(throws: AccountError.wrongCredentials) {
        try await world.logIn("alice", password: "importedpepper")
      }
    }
  }

  @Test func unknownUserTakesAsLongAsAWrongPassword() async throws {
    let pool = BlockingPool(threads: 1, queueLimit: 10)
    let hasher = PasswordHasher(rounds: 9, pepper: "", pool: pool)
    let hash = try await hasher.hash("right password")
    func time(_ hash: String?) async throws -> Duration {
      var best = Duration.seconds(60)
      for _ in 0..<3 {
        let duration = try await ContinuousClock().measure {
          let matches = try await hasher.matches("wrong password", hash)
          #expect(!matches)
        }
        best = min(best, duration)
      }
      return best
    }
    let known = try await time(hash)
    let unknown = try await time(nil)
    await pool.shutdown()
    #expect(unknown > known / 2)
  }

  @Test func tooManyAtOnceAreTurnedAway() async throws {
    let pool = BlockingPool(threads: 1, queueLimit: 1)
    let hasher = PasswordHasher(rounds: 8, pepper: "", pool: pool)
    let refused = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<10 {
        group.addTask {
          do {
            _ = try await hasher.hash("password")
            return false
          } catch {
            return error as? AccountError == .overloaded
          }
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    await pool.shutdown()
    #expect(refused > 0)
    #expect(refused < 10)
  }
}
