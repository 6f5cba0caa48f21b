import MatrixIdentifiers
import Testing

@testable import Accounts

struct LogoutTests {
  private let gone = AccountError.unknownToken(softLogout: false)

  @Test func endsThisDeviceOnly() async throws {
    try await withWorld { world in
      let authenticator = world.authenticator()
      let phone = try await world.makeUser("alice")
      let laptop = try await world.logIn("alice")
      let requester = try await authenticator.requester(token: phone.accessToken)
      try await world.logout.thisDevice(of: requester)
      await #expect(throws: gone) { try await authenticator.requester(token: phone.accessToken) }
      let left = try await authenticator.requester(token: laptop.accessToken)
      #expect(try await world.devices.list(for: left).map(\.id) == [laptop.deviceID])
      try await world.logout.thisDevice(of: requester)
    }
  }

  @Test func endsAllDevicesOfOneUser() async throws {
    try await withWorld { world in
      let authenticator = world.authenticator()
      let bob = try await world.makeUser("bob")
      var sessions = [try await world.makeUser("alice")]
      for _ in 0..<3 { sessions.append(try await world.logIn("alice")) }
      var requesters: [Requester] = []
      for session in sessions {
        requesters.append(try await authenticator.requester(token: session.accessToken))
      }
      try await world.logout.allDevices(of: requesters[1])
      for session in sessions {
        await #expect(throws: gone) {
          try await authenticator.requester(token: session.accessToken)
        }
      }
      #expect(try await world.count("devices") == 1)
      _ = try await authenticator.requester(token: bob.accessToken)
    }
  }

  /// The hint is lost: only the row in the database tells the other process.
  @Test func reachesProcessesThatOnlyPoll() async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice")
      let other = try await world.otherProcess()
      let requester = try await other.authenticator.requester(token: session.accessToken)
      try await world.logout.thisDevice(of: requester)
      #expect(try await world.count("cache_invalidations") == 1)
      try await other.poll()
      await #expect(throws: gone) {
        try await other.authenticator.requester(token: session.accessToken)
      }
    }
  }

  @Test func loginsDuringLogoutOfAllLeaveNoTokenWithoutDevice() async throws {
    try await withWorld { world in
      let authenticator = world.authenticator()
      let first = try await world.makeUser("alice", deviceID: "PHONE")
      let requester = try await authenticator.requester(token: first.accessToken)
      for _ in 0..<5 {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for index in 0..<6 {
            group.addTask {
              _ = try await world.logIn("alice", deviceID: index < 3 ? "PHONE" : nil)
            }
          }
          group.addTask { try await world.logout.allDevices(of: requester) }
          try await group.waitForAll()
        }
        #expect(
          try await world.count("access_tokens") == (try await world.count("devices")))
        await #expect(throws: gone) {
          try await authenticator.requester(token: first.accessToken)
        }
      }
    }
  }
}
