import MatrixIdentifiers
import Postgres
import Synchronization
import Testing

@testable import Accounts

struct DeleteDevicesTests {
  private func isRefused(_ session: Session, _ authenticator: Authenticator) async -> Bool {
    do {
      _ = try await authenticator.requester(token: session.accessToken)
      return false
    } catch {
      return error == .unknownToken(softLogout: false)
    }
  }

  @Test func deletedDevicesEndEverywhere() async throws {
    try await withWorld { world in
      let first = try await world.makeUser("alice", deviceID: "A")
      let second = try await world.logIn("alice", deviceID: "B", isRefreshable: true)
      let third = try await world.logIn("alice", deviceID: "C")
      let bob = try await world.makeUser("bob", deviceID: "A")
      let (here, other) = (world.authenticator(), try await world.otherProcess())
      for session in [first, second, third, bob] {
        _ = try await here.requester(token: session.accessToken)
        _ = try await other.authenticator.requester(token: session.accessToken)
      }
      try await world.deleteDevices(["B", "A", "nothing", "x\u{0}y"], of: first.userID)
      try await other.poll()
      for authenticator in [here, other.authenticator] {
        #expect(await isRefused(first, authenticator))
        #expect(await isRefused(second, authenticator))
        #expect(await !isRefused(third, authenticator))
        #expect(await !isRefused(bob, authenticator))
      }
      await #expect(throws: AccountError.unknownToken(softLogout: false)) {
        try await world.refresh(try #require(second.refreshToken))
      }
      #expect(world.devicesSeen.deleted.withLock { $0.sorted() } == ["A", "B"])
      #expect(world.devicesSeen.changed.withLock { $0.sorted() } == ["A", "B"])
    }
  }

  @Test func whatIsNotThereTellsNobody() async throws {
    try await withWorld { world in
      let alice = try await world.makeUser("alice").userID
      try await world.deleteDevices(["nothing"], of: alice)
      try await world.deleteDevices([], of: alice)
      #expect(world.devicesSeen.deleted.withLock { $0.isEmpty })
      #expect(world.devicesSeen.changed.withLock { $0.isEmpty })
    }
  }

  @Test func allButOne() async throws {
    try await withWorld { world in
      let first = try await world.makeUser("alice", deviceID: "A")
      let second = try await world.logIn("alice", deviceID: "B")
      try await world.deleteDevices.all(of: first.userID, except: "B")
      #expect(await isRefused(first, world.authenticator()))
      let requester = try await world.authenticator().requester(token: second.accessToken)
      #expect(try await world.devices.list(for: requester).map(\.id) == ["B"])
      try await world.deleteDevices.all(of: first.userID)
      #expect(await isRefused(second, world.authenticator()))
    }
  }

  @Test func renamingIsObserved() async throws {
    try await withWorld { world in
      let requester = try await world.authenticator().requester(
        token: try await world.makeUser("alice", deviceID: "A").accessToken)
      try await world.devices.rename("A", to: "Phone", for: requester)
      #expect(world.devicesSeen.changed.withLock { $0 } == ["A"])
      #expect(world.devicesSeen.deleted.withLock { $0.isEmpty })
    }
  }

  /// What the observer cannot do with the devices keeps them alive.
  @Test func theObserverBelongsToTheTransaction() async throws {
    struct Refusing: DeviceObserver {
      struct No: Error {}
      func devicesDeleted(
        _ deviceIDs: [String], of user: UserID, in transaction: any Querying
      ) async throws {
        throw No()
      }
    }
    try await withWorld { world in
      let session = try await world.makeUser("alice", deviceID: "A")
      let deleting = DeleteDevices(
        database: world.database, invalidations: world.invalidations, observer: Refusing())
      await #expect(throws: Refusing.No.self) { try await deleting(["A"], of: session.userID) }
      #expect(await !isRefused(session, world.authenticator()))
    }
  }
}
