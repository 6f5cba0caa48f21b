import MatrixIdentifiers
import MatrixJSON
import Postgres
import RoomEvents
import Rooms
import Streams
import TestKit
import Testing

@testable import Sync

/// A worker's memory that follows the stream of a world.
struct Remembering: Sendable {
  let memory: SyncMemory
  let loader: MemoryLoader

  init(_ world: World, _ database: any Querying, limits: SyncMemory.Limits = .init()) {
    let memory = SyncMemory(limits: limits)
    self.memory = memory
    loader = MemoryLoader(memory: memory, database: database)
    world.main.reader.onInvalidate { batch in memory.apply(batch.rows.map(\.row)) }
  }

  func view(of room: RoomID) -> RoomView? {
    memory.withState { $0.views[room] }
  }

  func membership(of user: UserID, in room: RoomID) -> String? {
    memory.withState { $0.users[user]?.memberships[room]?.membership }
  }

  /// Nothing is being loaded, and the counts are those of what is held.
  func expectSettled() {
    memory.withState { state in
      #expect(state.loadingViews.isEmpty)
      #expect(state.loadingUsers.isEmpty)
      #expect(state.stateCount == state.views.values.map(\.state.count).reduce(0, +))
      #expect(
        state.membershipCount == state.users.values.map(\.memberships.count).reduce(0, +))
      #expect(Set(state.viewUse.keys) == Set(state.views.keys))
      #expect(Set(state.userUse.keys) == Set(state.users.keys))
      var usersByRoom: [RoomID: Set<UserID>] = [:]
      for (user, rooms) in state.users {
        for row in rooms.memberships.values where row.membership == "join" {
          usersByRoom[row.roomID, default: []].insert(user)
        }
      }
      #expect(state.usersByRoom == usersByRoom)
    }
  }
}

/// Why something failed; nil when it did not.
private func failure(_ body: @Sendable () async throws -> Void) async -> (any Error)? {
  do {
    try await body()
    return nil
  } catch {
    return error
  }
}

/// Loading while the stream goes on: what arrives between the query and the use of its rows is
/// not lost.
struct MemoryLoaderTests {
  private static let viewQuery = "room_snapshots"
  private static let userQuery = "memberships_of_user"

  /// Gives `body` a room and a worker whose loads of rooms the database holds back.
  private func withHeldViews(
    _ body: @Sendable (World, RoomID, Remembering, GatedDatabase) async throws -> Void
  ) async throws {
    try await withWorld { world in
      let database = GatedDatabase(world.database, holding: Self.viewQuery)
      try await body(
        world, try await world.makeRoom(), Remembering(world, database), database)
    }
  }

  @Test func eventsThatArriveWhileARoomIsLoaded() async throws {
    try await withHeldViews { world, room, worker, database in
      let alice = try world.user(World.alice)
      async let loaded = failure { try await worker.loader.loadViews([room], for: alice) }
      let held = try await database.held()
      let message = try await world.say("late", in: room)
      let topic = try await world.topic("late", in: room)
      #expect(worker.view(of: room) == nil)
      held.release()
      #expect(await loaded == nil)
      let view = try present(worker.view(of: room), "view")
      #expect(view.timeline.suffix(2).map(\.stored.event.eventID) == [message, topic])
      #expect(view.state[StateTuple("m.room.topic")]?.event.eventID == topic)
      worker.expectSettled()
    }
  }

  @Test func eventsThatTheQuerySawAlreadyCountOnce() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let alice = try world.user(World.alice)
      let memory = SyncMemory()
      let loader = Remembering(world, world.database).loader
      try await world.say(1...3, in: room)
      try await loader.loadViews([room], for: alice)
      let view = try present(loader.memory.withState { $0.views[room] }, "view")
      // The stream brings what the snapshot had.
      memory.withState { state in
        state.beginLoading([room])
        state.loadingViews[room]?.late = view.timeline.map(\.stored)
        state.install(view, for: room)
        state.endLoading([room])
        #expect(state.views[room]?.timeline.count == view.timeline.count)
      }
    }
  }

  /// One load fails while another goes on: what arrived belongs to that as well.
  @Test(arguments: [true, false])
  func twoLoadsOfARoom(_ firstFails: Bool) async throws {
    try await withHeldViews { world, room, worker, database in
      let alice = try world.user(World.alice)
      async let first = failure { try await worker.loader.loadViews([room], for: alice) }
      let one = try await database.held()
      async let second = failure { try await worker.loader.loadViews([room], for: alice) }
      let two = try await database.held()
      if firstFails {
        one.fail()
        #expect(await first is GatedDatabase.Failure)
      } else {
        one.release()
        #expect(await first == nil)
      }
      let late = try await world.say("late", in: room)
      two.release()
      #expect(await second == nil)
      #expect(worker.view(of: room)?.last?.event.eventID == late)
      worker.expectSettled()
    }
  }

  @Test(arguments: [true, false])
  func membershipsThatArriveWhileAUserIsLoaded(_ firstFails: Bool) async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      let bob = try world.user(World.bob)
      try await world.member(World.bob, "join", in: room)
      let database = GatedDatabase(world.database, holding: Self.userQuery)
      let worker = Remembering(world, database)
      async let first = failure { try await worker.loader.loadUser(bob) }
      let one = try await database.held()
      async let second = failure { try await worker.loader.loadUser(bob) }
      let two = try await database.held()
      if firstFails {
        one.fail()
        #expect(await first is GatedDatabase.Failure)
      }
      try await world.member(World.bob, "leave", in: room)
      try await world.member(World.bob, "invite", in: other, by: World.alice)
      if !firstFails {
        one.release()
        #expect(await first == nil)
      }
      two.release()
      #expect(await second == nil)
      #expect(worker.membership(of: bob, in: room) == "leave")
      #expect(worker.membership(of: bob, in: other) == "invite")
      worker.expectSettled()
    }
  }

  /// What does not fit is not lost: the load is made again.
  @Test func aLoadThatMissedSomethingIsNotUsed() async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      let (alice, bob) = (try world.user(World.alice), try world.user(World.bob))
      let limits = SyncMemory.Limits(late: 2)
      let rooms = GatedDatabase(world.database, holding: Self.viewQuery)
      let worker = Remembering(world, rooms, limits: limits)
      async let loaded = failure { try await worker.loader.loadViews([room, other], for: alice) }
      let held = try await rooms.held()
      try await world.say(1...3, in: room)
      try await world.say(1...2, in: other)
      held.release()
      #expect(await loaded == nil)
      #expect(worker.view(of: room) == nil)
      #expect(worker.view(of: other)?.last?.event.content["body"]?.string == "m2")
      let users = GatedDatabase(world.database, holding: Self.userQuery)
      let another = Remembering(world, users, limits: limits)
      async let known = failure { try await another.loader.loadUser(bob) }
      let kept = try await users.held()
      for membership in ["join", "leave", "join"] {
        try await world.member(World.bob, membership, in: room)
      }
      kept.release()
      #expect(await known == nil)
      #expect(another.membership(of: bob, in: room) == nil)
      worker.expectSettled()
      another.expectSettled()
      // A load that nothing disturbs is used.
      let calm = Remembering(world, world.database, limits: limits)
      try await calm.loader.loadViews([room], for: alice)
      try await calm.loader.loadUser(bob)
      #expect(calm.membership(of: bob, in: room) == "join")
      #expect(calm.view(of: room) != nil)
    }
  }

  @Test func aLoadThatFailsLeavesNothing() async throws {
    try await withHeldViews { world, room, worker, database in
      let alice = try world.user(World.alice)
      async let loaded = failure { try await worker.loader.loadViews([room], for: alice) }
      try await database.held().fail()
      #expect(await loaded is GatedDatabase.Failure)
      #expect(worker.view(of: room) == nil)
      worker.expectSettled()
    }
  }

  @Test func forgottenRoomsAreNotRemembered() async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      let bob = try world.user(World.bob)
      for room in [room, other] {
        try await world.member(World.bob, "join", in: room)
        try await world.member(World.bob, "leave", in: room)
      }
      let store = MembershipStore(database: world.database)
      #expect(try await store.forget(room, by: bob))
      let worker = Remembering(world, world.database)
      try await worker.loader.loadUser(bob)
      #expect(worker.membership(of: bob, in: room) == nil)
      #expect(worker.membership(of: bob, in: other) == "leave")
    }
  }

  @Test func unknownRoomsAreLeftOut() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let unknown = try present(RoomID("!nowhere:a.example"), "room id")
      let worker = Remembering(world, world.database)
      try await worker.loader.loadViews([unknown, room], for: try world.user(World.alice))
      #expect(worker.view(of: room) != nil)
      #expect(worker.view(of: unknown) == nil)
      worker.expectSettled()
    }
  }
}

struct EvictionTests {
  private func makeRooms(_ count: Int, _ world: World) async throws -> [RoomID] {
    var rooms: [RoomID] = []
    for _ in 0..<count { rooms.append(try await world.makeRoom()) }
    return rooms
  }

  @Test func theRoomsUsedLongestAgoGo() async throws {
    try await withWorld { world in
      let rooms = try await makeRooms(5, world)
      let bob = try world.user(World.bob)
      let size = try await world.state(of: rooms[0]).count
      let worker = Remembering(world, world.database, limits: .init(state: 4 * size))
      for room in rooms[..<4] { try await worker.loader.loadViews([room], for: bob) }
      #expect(rooms[..<4].allSatisfy { worker.view(of: $0) != nil })
      try await worker.loader.loadViews([rooms[0]], for: bob)
      try await worker.loader.loadViews([rooms[4]], for: bob)
      // Down to four fifths: two rooms have to go, and the first was used again.
      #expect(
        rooms.map { worker.view(of: $0) != nil } == [true, false, false, true, true])
      worker.expectSettled()
      // What is let go can come back, as it is by then.
      try await world.say("later", in: rooms[1])
      try await worker.loader.loadViews([rooms[1]], for: bob)
      #expect(
        worker.view(of: rooms[1])?.last?.event.content["body"]?.string == "later")
    }
  }

  /// Rooms that one answer needs together do not push each other out.
  @Test func aUsersRoomsStayTogether() async throws {
    try await withWorld { world in
      let rooms = try await makeRooms(4, world)
      let alice = try world.user(World.alice)
      let size = try await world.state(of: rooms[0]).count
      let worker = Remembering(world, world.database, limits: .init(state: 2 * size))
      try await worker.loader.loadUser(alice)
      for room in rooms { try await worker.loader.loadViews([room], for: alice) }
      #expect(rooms.allSatisfy { worker.view(of: $0) != nil })
      // Another user's needs make room again.
      try await worker.loader.loadViews([rooms[0]], for: try world.user(World.bob))
      let mine = try await world.makeRoom()
      try await worker.loader.loadViews([mine], for: try world.user(World.bob))
      #expect(worker.view(of: mine) != nil)
      #expect(worker.memory.withState { $0.stateCount } <= 2 * size)
      worker.expectSettled()
    }
  }

  @Test func usersOfManyRoomsGoSooner() async throws {
    try await withWorld { world in
      let rooms = try await makeRooms(2, world)
      let ids = try (0..<4).map { try world.user("@user\($0):a.example") }
      for user in ids {
        for room in rooms { try await world.member(user.text, "join", in: room) }
      }
      let worker = Remembering(world, world.database, limits: .init(memberships: 6))
      for user in ids[..<3] { try await worker.loader.loadUser(user) }
      #expect(worker.memory.withState { $0.users.count } == 3)
      try await worker.loader.loadUser(ids[3])
      // Down to four fifths of six.
      let held = worker.memory.withState { state in ids.map { state.users[$0] != nil } }
      #expect(held == [false, false, true, true])
      worker.expectSettled()
    }
  }

  @Test func usersGoToo() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let users = (0..<6).map { "@user\($0):a.example" }
      for user in users { try await world.member(user, "join", in: room) }
      let ids = try users.map { try world.user($0) }
      let worker = Remembering(world, world.database, limits: .init(users: 5))
      for user in ids[..<5] { try await worker.loader.loadUser(user) }
      // The first one waits for news, the second one was seen again.
      let waiter = Waiting(worker.memory, ids[0])
      try await worker.loader.loadUser(ids[1])
      try await worker.loader.loadUser(ids[5])
      let held = worker.memory.withState { state in ids.map { state.users[$0] != nil } }
      #expect(held == [true, true, false, false, true, true])
      worker.expectSettled()
      #expect(!waiter.isResolved)
    }
  }
}
