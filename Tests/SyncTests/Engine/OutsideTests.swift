import MatrixIdentifiers
import MatrixJSON
import Rooms
import TestKit
import Testing

@testable import Sync

/// Rooms that a user is not in: knocked at, left, kept away from.
struct OutsideTests {
  private func knockable(_ world: World) async throws -> RoomID {
    let room = try await world.makeRoom(.privateChat, name: "Lobby")
    try await world.set("m.room.join_rules", "", ["join_rule": "knock"], in: room)
    return room
  }

  @Test func aKnockShowsTheRoomsCard() async throws {
    try await withWorld { world in
      let room = try await knockable(world)
      let since = try await world.main.sync(World.bob).next
      try await world.member(World.bob, "knock", in: room)
      for position in [since, nil] {
        let answer = try await world.main.sync(World.bob, since: position)
        #expect(answer.joined(room) == nil && answer.invited(room) == nil)
        let told = try present(answer.knocked(room), "knocked room").stripped
        let places = Dictionary(
          uniqueKeysWithValues: try told.map { (try present($0.place, "place"), $0) })
        #expect(
          Set(places.keys) == [
            Place("m.room.create"), Place("m.room.join_rules"), Place("m.room.name"),
            Place("m.room.member", World.bob),
          ])
        let own = places[Place("m.room.member", World.bob)]
        #expect(own?["content"]?["membership"]?.string == "knock")
      }
      let next = try await world.main.sync(World.bob).next
      try await world.say("hidden", in: room)
      #expect(try await world.main.sync(World.bob, since: next).isEmpty)
    }
  }

  @Test(arguments: ["refused", "withdrawn", "accepted"])
  func aKnockEnds(_ end: String) async throws {
    try await withWorld { world in
      let room = try await knockable(world)
      try await world.member(World.bob, "knock", in: room)
      let since = try await world.main.sync(World.bob).next
      switch end {
      case "accepted": try await world.member(World.bob, "invite", in: room, by: World.alice)
      case "refused": try await world.member(World.bob, "leave", in: room, by: World.alice)
      default: try await world.member(World.bob, "leave", in: room)
      }
      let answer = try await world.main.sync(World.bob, since: since)
      #expect(answer.knocked(room) == nil)
      #expect((answer.invited(room) != nil) == (end == "accepted"))
      #expect((answer.left(room) != nil) == (end != "accepted"))
      if let left = answer.left(room) {
        #expect(left.timeline.map { $0["content"]?["membership"]?.string } == ["leave"])
      }
    }
  }

  /// Who is put out of a room learns of it, however late; who leaves knows.
  @Test(arguments: [("leave", true), ("ban", true), ("leave", false)])
  func beingPutOutIsToldAtFirst(_ membership: String, _ byAlice: Bool) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      try await world.member(
        World.bob, membership, in: room, by: byAlice ? World.alice : World.bob)
      let answer = try await world.main.sync(World.bob)
      #expect((answer.left(room) != nil) == byAlice)
    }
  }

  @Test func fullStateTellsOfLeftRoomsToo() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      try await world.member(World.bob, "leave", in: room)
      let filter = try SyncFilter(left: true)
      let since = try await world.main.sync(World.bob, filter: filter).next
      #expect(try await world.main.sync(World.bob, since: since, filter: filter).isEmpty)
      let full = try await world.main.sync(
        World.bob, since: since, fullState: true, filter: filter)
      #expect(full.left(room)?.told("m.room.create") != nil)
      let without = try await world.main.sync(World.bob, since: since, fullState: true)
      #expect(without.isEmpty)
    }
  }

  /// A stay between two requests is told of, with what was said then.
  @Test func aMissedStayIsToldOf() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let since = try await world.main.sync(World.bob).next
      try await world.member(World.bob, "join", in: room)
      try await world.say("while in", in: room)
      try await world.member(World.bob, "leave", in: room)
      try await world.say("afterwards", in: room)
      let answer = try await world.main.sync(World.bob, since: since)
      let left = try present(answer.left(room), "left room")
      #expect(left.bodies == ["while in"])
      #expect(
        (left.state + left.timeline).contains { $0["type"]?.string == "m.room.create" })
    }
  }

  @Test func ignoredUsersAreNotHeard() async throws {
    try await withWorld { world in
      let bob = try world.user(World.bob)
      let alice = try world.user(World.alice)
      let engine = SyncEngine(
        reader: world.main.reader, ignored: { $0 == alice ? [bob] : [] },
        database: world.database, executor: TestLoop.executor, clock: world.clock)
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      let since = try await world.main.sync(World.alice).next
      try await world.say("from bob", in: room, by: World.bob)
      try await world.say("from alice", in: room)
      let other = try await world.makeRoom(by: World.bob)
      try await world.member(World.alice, "invite", in: other, by: World.bob)
      for (user, bodies) in [
        (World.alice, ["from alice"]), (World.bob, ["from bob", "from alice"]),
      ] {
        let request = SyncRequest(
          userID: try world.user(user), deviceID: nil, since: since, timeout: .zero,
          fullState: false, filter: SyncFilter())
        let answer = try Answer(try await engine.sync(request))
        #expect(answer.joined(room)?.bodies == bodies)
        #expect(answer.invited(other) == nil)
      }
      let request = SyncRequest(
        userID: alice, deviceID: nil, since: nil, timeout: .zero, fullState: false,
        filter: SyncFilter())
      let members = try Answer(try await engine.sync(request)).joined(room)
      let told = (members?.timeline ?? []) + (members?.state ?? [])
      #expect(told.contains { $0.place == Place("m.room.member", World.bob) })
    }
  }

  /// Invitations from before are not told of either, and nobody is woken by one.
  @Test func whoWantsNoInvitationIsToldOfNone() async throws {
    struct Blocks: InvitePermissions {
      let user: UserID
      func blocking(_ users: [UserID]) async throws -> Set<UserID> { [user] }
    }
    try await withWorld { world in
      let bob = try world.user(World.bob)
      let engine = SyncEngine(
        reader: world.main.reader, invitations: Blocks(user: bob),
        database: world.database, executor: TestLoop.executor, clock: world.clock)
      let since = try await world.main.sync(World.bob).next
      let room = try await world.makeRoom()
      try await world.member(World.bob, "invite", in: room, by: World.alice)
      #expect(try await world.main.sync(World.bob, since: since).invited(room) != nil)
      for since in [nil, since] {
        let request = SyncRequest(
          userID: bob, deviceID: nil, since: since, timeout: .zero, fullState: false,
          filter: SyncFilter())
        #expect(try Answer(try await engine.sync(request)).invited(room) == nil)
      }
      try await world.member(World.bob, "join", in: room)
      let request = SyncRequest(
        userID: bob, deviceID: nil, since: since, timeout: .zero, fullState: false,
        filter: SyncFilter())
      #expect(try Answer(try await engine.sync(request)).joined(room) != nil)
    }
  }

  /// A summary is told when it may have changed, even to a client that wants no member events.
  @Test func theSummaryFollowsMembers() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let filter = try SyncFilter(
        """
        {"room":{"timeline":{"not_types":["m.room.member"]},
        "state":{"not_types":["m.room.member"]}}}
        """)
      let first = try await world.main.sync(World.alice, filter: filter)
      try await world.member(World.bob, "join", in: room)
      let second = try await world.main.sync(World.alice, since: first.next, filter: filter)
      let summary = second.joined(room)?.json["summary"]
      #expect(summary?["m.joined_member_count"]?.integer == 2)
      #expect(second.joined(room)?.timeline.isEmpty == true)
      let third = try await world.main.sync(World.alice, since: second.next, filter: filter)
      #expect(third.isEmpty)
    }
  }
}
