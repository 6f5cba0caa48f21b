import Executors
import Logging
import MatrixIdentifiers
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Accounts

struct DeactivationTests {
  /// Rooms that are left, or cannot be asked at the moment.
  private final class Rooms: RoomDepartures {
    struct Away: Error {}
    let left = Mutex<[UserID]>([])
    let isAway = Mutex(false)

    func leaveAllRooms(_ user: UserID) async throws {
      if isAway.withLock({ $0 }) { throw Away() }
      left.withLock { $0.append(user) }
    }
  }

  private struct Observer: AccountObserver {
    let seen: Locked<[Bool]>

    func accountDeactivated(
      _ user: UserID, erase: Bool, in transaction: any Querying
    ) async throws {
      seen.value.withLock { $0.append(erase) }
    }
  }

  private final class Locked<Value: Sendable>: Sendable {
    let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
  }

  private let operation = GuardedOperation(name: "deactivate", content: [])
  private let proof = AuthAttempt(
    type: "m.login.password", session: nil, user: nil, password: "right password")

  private func departures(_ world: World, _ rooms: Rooms, looksAround: Bool = true)
    -> PendingDepartures
  {
    PendingDepartures(
      rooms: rooms, looksAround: looksAround, database: world.database, clock: world.clock,
      logger: TestPostgres.logger)
  }

  private func deactivate(
    _ world: World, _ pending: PendingDepartures, observers: [any AccountObserver] = []
  ) -> DeactivateAccount {
    DeactivateAccount(
      confirmation: world.confirmation, deleteDevices: world.deleteDevices, departures: pending,
      observers: observers, database: world.database, clock: world.clock)
  }

  @Test(arguments: [true, false])
  func accountsEnd(_ erase: Bool) async throws {
    try await withWorld { world in
      let session = try await world.makeUser("alice", deviceID: "A", isRefreshable: true)
      let alice = try await world.authenticator().requester(token: session.accessToken)
      let openID = OpenIDTokens(database: world.database, clock: world.clock)
      let proofOfName = try await openID.make(for: alice.userID)
      let seen = Locked<[Bool]>([])
      try await deactivate(
        world, departures(world, Rooms()), observers: [Observer(seen: seen)])(
          alice, erase: erase, auth: proof, operation: operation)
      await #expect(throws: AccountError.unknownToken(softLogout: false)) {
        try await world.authenticator().requester(token: session.accessToken)
      }
      await #expect(throws: AccountError.unknownToken(softLogout: false)) {
        try await world.refresh(try #require(session.refreshToken))
      }
      await #expect(throws: AccountError.deactivated) { try await world.logIn("alice") }
      await #expect(throws: AccountError.userInUse) { try await world.makeUser("alice") }
      await #expect(throws: AccountError.unknownProfile) {
        try await world.profiles.whole(of: alice.userID)
      }
      #expect(try await openID.user(of: proofOfName) == nil)
      #expect(seen.value.withLock { $0 } == [erase])
      #expect(world.devicesSeen.deleted.withLock { $0 } == ["A"])
      let kept = try await world.database.query(
        Statement("test_kept", "SELECT erased, displayname FROM users"))
      #expect(kept.bool(0, 0) == erase)
      #expect(kept.text(0, 1) == (erase ? nil : "alice"))
    }
  }

  @Test func onlyTheOwnerEndsAnAccount() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let ending = deactivate(world, departures(world, Rooms()))
      for auth in [nil, AuthAttempt(type: "m.login.password", session: nil, password: "x")] {
        do {
          try await ending(alice, erase: true, auth: auth, operation: operation)
          Issue.record("deactivated")
        } catch AccountError.interactiveAuthRequired {}
      }
      _ = try await world.logIn("alice")
      #expect(try await world.count("users_pending_deactivation") == 0)
    }
  }

  @Test func roomsAreLeftByWhoeverComesNext() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let rooms = Rooms()
      // The process that was asked ends before it has left any room.
      try await deactivate(world, departures(world, rooms))(
        alice, erase: false, auth: proof, operation: operation)
      #expect(try await world.count("users_pending_deactivation") == 1)
      await departures(world, rooms).drain()
      #expect(rooms.left.withLock { $0 } == [alice.userID])
      #expect(try await world.count("users_pending_deactivation") == 0)
      await departures(world, rooms).drain()
      #expect(rooms.left.withLock { $0.count } == 1)
    }
  }

  @Test func whatFailsIsTriedAgainByOneProcessAtATime() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let rooms = Rooms()
      rooms.isAway.withLock { $0 = true }
      let (one, other) = (departures(world, rooms), departures(world, rooms))
      try await deactivate(world, one)(alice, erase: false, auth: proof, operation: operation)
      await one.drain()
      rooms.isAway.withLock { $0 = false }
      await other.drain()
      #expect(rooms.left.withLock { $0.isEmpty }, "the first one may still be at it")
      world.clock.advance(by: 30_000)
      await other.drain()
      #expect(rooms.left.withLock { $0 } == [alice.userID])
    }
  }

  @Test(arguments: [true, false])
  func theLoopIsWokenAndEnds(_ looksAround: Bool) async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let rooms = Rooms()
      let pending = departures(world, rooms, looksAround: looksAround)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await pending.run() }
        try await deactivate(world, pending)(
          alice, erase: false, auth: proof, operation: operation)
        try await eventually { rooms.left.withLock { $0 } == [alice.userID] }
        group.cancelAll()
      }
    }
  }
}
