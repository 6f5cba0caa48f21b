import Testing

@testable import Accounts

struct DeviceTests {
  @Test func usersSeeAndNameOnlyTheirOwn() async throws {
    try await withWorld { world in
      let authenticator = world.authenticator()
      let alice = try await authenticator.requester(
        token: world.makeUser("alice", deviceID: "A").accessToken)
      let bob = try await authenticator.requester(
        token: world.makeUser("bob", deviceID: "B").accessToken)
      try await world.devices.rename("A", to: "Phone", for: alice)
      try await world.devices.rename("A", to: nil, for: alice)
      #expect(try await world.devices.device("A", for: alice).displayName == "Phone")
      #expect(try await world.devices.list(for: bob).map(\.id) == ["B"])
      for id in ["B", "", "a\u{0}b", String(repeating: "x", count: 10_000)] {
        await #expect(throws: AccountError.unknownDevice) {
          try await world.devices.device(id, for: alice)
        }
        for name in [nil, "mine"] {
          await #expect(throws: AccountError.unknownDevice) {
            try await world.devices.rename(id, to: name, for: alice)
          }
        }
      }
      await #expect(throws: AccountError.tooLong(field: "display_name", limit: 100)) {
        try await world.devices.rename("A", to: String(repeating: "x", count: 101), for: alice)
      }
      await #expect(throws: AccountError.unusableText(field: "display_name")) {
        try await world.devices.rename("A", to: "x\u{0}", for: alice)
      }
    }
  }

  @Test func requestedIDsAreChecked() throws {
    #expect(try DeviceRequest(id: "", initialDisplayName: nil).id == nil)
    #expect(try DeviceRequest(id: "x", initialDisplayName: nil).id == "x")
    #expect(throws: AccountError.tooLong(field: "device_id", limit: 512)) {
      try DeviceRequest(id: String(repeating: "ä", count: 257), initialDisplayName: nil)
    }
    #expect(throws: AccountError.unusableText(field: "device_id")) {
      try DeviceRequest(id: "a\u{0}", initialDisplayName: nil)
    }
  }

  @Test func namesMadeUpByClientsAreCut() throws {
    let long = String(repeating: "ä", count: 200)
    let device = try DeviceRequest(id: nil, initialDisplayName: "\u{0}" + long)
    #expect(device.initialDisplayName == String(repeating: "ä", count: 100))
  }
}
