import Executors
import MatrixIdentifiers
import RoomEvents
import Rooms
import TestKit
import Testing

@testable import Sync

/// Somebody who waits in a memory.
struct Waiting {
  private let waiter = Waiter<Bool>()

  init(_ memory: SyncMemory, _ user: UserID) {
    let waiter = waiter
    memory.withState { $0.waiters[user, default: [:]][ObjectIdentifier(waiter)] = waiter }
  }

  /// Asking decides it: to be asked once, at the end.
  var isResolved: Bool { !waiter.resolve(false) }
}

/// Whom an event wakes.
struct WakingTests {
  private static let users = [World.alice, World.bob, World.carol]

  /// A room with Alice and Bob, and another with Alice, remembered by a worker.
  private func withRooms(
    _ body: @Sendable (World, Remembering, RoomID, RoomID) async throws -> Void
  ) async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      try await world.member(World.bob, "join", in: room)
      let worker = Remembering(world, world.database)
      for user in Self.users { try await worker.loader.loadUser(try world.user(user)) }
      try await body(world, worker, room, other)
    }
  }

  /// Who of Alice, Bob and Carol wakes when the events have been delivered.
  private func woken(
    by events: [EventID], _ world: World, _ worker: Remembering
  ) async throws -> [Bool] {
    let waiting = try Self.users.map { Waiting(worker.memory, try world.user($0)) }
    worker.memory.wake(try await EventStore(database: world.database).events(events))
    return waiting.map(\.isResolved)
  }

  @Test func aMessageWakesTheMembers() async throws {
    try await withRooms { world, worker, room, other in
      let here = try await world.say("x", in: room)
      #expect(try await woken(by: [here], world, worker) == [true, true, false])
      let there = try await world.say("x", in: other)
      #expect(try await woken(by: [there], world, worker) == [true, false, false])
      #expect(try await woken(by: [here, there], world, worker) == [true, true, false])
      #expect(try await woken(by: [], world, worker) == [false, false, false])
    }
  }

  @Test func whoComesOrGoesIsWoken() async throws {
    try await withRooms { world, worker, room, other in
      let invited = try await world.member(World.carol, "invite", in: other, by: World.alice)
      #expect(try await woken(by: [invited], world, worker) == [true, false, true])
      // An invitation makes no member.
      let said = try await world.say("x", in: other)
      #expect(try await woken(by: [said], world, worker) == [true, false, false])
      let joined = try await world.member(World.carol, "join", in: other)
      let then = try await world.say("x", in: other)
      #expect(try await woken(by: [joined, then], world, worker) == [true, false, true])
      let banned = try await world.member(World.bob, "ban", in: room, by: World.alice)
      #expect(try await woken(by: [banned], world, worker) == [true, true, false])
      let after = try await world.say("x", in: room)
      #expect(try await woken(by: [after], world, worker) == [true, false, false])
      worker.expectSettled()
    }
  }

  @Test func aMemoryThatIsDrainedKeepsNobody() async throws {
    try await withRooms { world, worker, _, _ in
      let waiting = try Self.users.map { Waiting(worker.memory, try world.user($0)) }
      worker.memory.drain()
      #expect(waiting.allSatisfy { $0.isResolved })
      #expect(worker.memory.withState { $0.isDraining })
    }
  }
}
