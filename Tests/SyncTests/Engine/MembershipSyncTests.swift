import MatrixIdentifiers
import MatrixJSON
import Rooms
import TestKit
import Testing

@testable import Sync

struct MembershipSyncTests {
  private func invite(_ room: RoomID, _ world: World) async throws {
    try await world.member(World.bob, "invite", in: room, by: World.alice)
  }

  private func initialSync(_ world: World, left: Bool = true) async throws -> Answer {
    try await world.main.sync(World.bob, filter: try SyncFilter(left: left))
  }

  @Test func anInvitedUserSeesTheRoomsCard() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom(.privateChat, name: "Lobby")
      try await world.topic("Secrets", in: room)
      try await world.say("hidden", in: room)
      let since = try await world.main.sync(World.bob).next
      try await invite(room, world)
      for position in [since, nil] {
        let answer = try await world.main.sync(World.bob, since: position)
        #expect(answer.joined(room) == nil)
        let told = try present(answer.invited(room), "invitation").stripped
        let types = Set(told.compactMap { $0["type"]?.string })
        #expect(
          types.isSuperset(of: [
            "m.room.create", "m.room.join_rules", "m.room.name", "m.room.member",
          ]))
        #expect(types.isDisjoint(with: ["m.room.message", "m.room.power_levels"]))
        let members = told.filter { $0["type"]?.string == "m.room.member" }
        let memberships = Dictionary(
          uniqueKeysWithValues: members.map {
            ($0["state_key"]?.string, $0["content"]?["membership"]?.string)
          })
        #expect(memberships == [World.bob: "invite", World.alice: "join"])
        #expect(
          told.allSatisfy {
            Set($0.members.map(\.key)) == ["content", "sender", "state_key", "type"]
          })
      }
      // Told once, and what happens in the room afterwards is not told.
      let next = try await world.main.sync(World.bob).next
      try await world.say("hidden", in: room)
      #expect(try await world.main.sync(World.bob, since: next).isEmpty)
    }
  }

  @Test func joiningTellsTheWholeRoom() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom(.privateChat)
      try await world.topic("t", in: room)
      try await world.say(1...5, in: room)
      try await invite(room, world)
      let invited = try await world.main.sync(World.bob)
      try await world.member(World.bob, "join", in: room)
      try await world.say("welcome", in: room)
      let answer = try await world.main.sync(
        World.bob, since: invited.next, filter: try SyncFilter(limit: 2))
      let joined = try present(answer.joined(room), "room")
      #expect(answer.invited(room) == nil)
      #expect(joined.bodies == ["welcome"])
      #expect(joined.isLimited)
      #expect(joined.told("m.room.create") != nil)
      #expect(joined.told("m.room.topic")?["content"]?["topic"]?.string == "t")
      #expect(
        joined.told("m.room.member", World.bob)?["content"]?["membership"]?.string == "invite")
      // From then on as any other room.
      try await world.say("more", in: room)
      let next = try await world.main.sync(World.bob, since: answer.next)
      #expect(next.joined(room)?.bodies == ["more"])
      #expect(next.joined(room)?.state.isEmpty == true)
    }
  }

  /// Another device joined long ago and much has happened since, its own name included.
  @Test(arguments: [3, 60])
  func aDeviceThatWasAwayGetsTheWholeRoom(_ messages: Int) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.topic("t", in: room)
      let since = try await world.main.sync(World.bob).next
      try await world.member(World.bob, "join", in: room)
      try await world.say(1...messages, in: room)
      try await world.member(World.bob, "join", in: room, name: "Bob")
      let answer = try await world.main.sync(
        World.bob, since: since, filter: try SyncFilter(limit: 2))
      let joined = try present(answer.joined(room), "room")
      var state: [Place: String] = [:]
      for event in joined.state + joined.timeline {
        if let place = event.place { state[place] = event.eventID }
      }
      #expect(state == (try await world.state(of: room)))
    }
  }

  @Test(arguments: ["leave", "kick", "ban"])
  func theEndOfAStayIsTold(_ ending: String) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      let first = try await world.main.sync(World.bob)
      try await world.say("last words", in: room)
      try await world.member(
        World.bob, ending == "ban" ? "ban" : "leave", in: room,
        by: ending == "leave" ? World.bob : World.alice)
      try await world.say("unseen", in: room)
      try await world.topic("unseen", in: room)
      let answer = try await world.main.sync(World.bob, since: first.next)
      #expect(answer.joined(room) == nil)
      let left = try present(answer.left(room), "left room")
      #expect(left.bodies == ["last words"])
      #expect(left.timeline.count == 2)
      #expect(
        left.timeline.last?["content"]?["membership"]?.string
          == (ending == "ban" ? "ban" : "leave"))
      #expect(left.state.isEmpty)
      #expect(!left.isLimited)
      // Once.
      try await world.say("unseen", in: room)
      #expect(try await world.main.sync(World.bob, since: answer.next).isEmpty)
    }
  }

  /// The end comes after more events than memory holds.
  @Test func theEndOfALongAbsenceIsTold() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      let first = try await world.main.sync(World.bob)
      try await world.say(1...50, in: room)
      try await world.member(World.bob, "leave", in: room, by: World.alice)
      try await world.say(51...100, in: room)
      let answer = try await world.main.sync(
        World.bob, since: first.next, filter: try SyncFilter(limit: 3))
      let left = try present(answer.left(room), "left room")
      #expect(left.bodies == ["m49", "m50"])
      #expect(left.timeline.last?["content"]?["membership"]?.string == "leave")
      #expect(left.isLimited)
    }
  }

  /// A ban after the stay shows nothing of the time in between.
  @Test func aLaterBanShowsNothingNew() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      let first = try await world.main.sync(World.bob)
      try await world.say("seen", in: room)
      try await world.member(World.bob, "leave", in: room)
      let afterLeave = try await world.main.sync(World.bob, since: first.next)
      try await world.say("hidden", in: room)
      try await world.topic("hidden", in: room)
      try await world.member(World.bob, "ban", in: room, by: World.alice)
      for since in [first.next, afterLeave.next] {
        let answer = try await world.main.sync(World.bob, since: since)
        let left = try present(answer.left(room), "left room")
        #expect(!left.bodies.contains("hidden"))
        #expect(left.told("m.room.topic")?["content"]?["topic"]?.string != "hidden")
        #expect(
          (left.timeline + left.state).contains {
            $0["content"]?["membership"]?.string == "ban"
          })
      }
      let initial = try await initialSync(world)
      let left = try present(initial.left(room), "left room")
      #expect(!left.bodies.contains("hidden"))
      #expect(left.told("m.room.topic")?["content"]?["topic"]?.string != "hidden")
      #expect(
        !left.timeline.contains { $0["content"]?["topic"]?.string == "hidden" })
    }
  }

  @Test func aDeclinedInvitationShowsNothingOfTheRoom() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom(.privateChat)
      try await world.say("hidden", in: room)
      try await invite(room, world)
      let invited = try await world.main.sync(World.bob)
      try await world.say("hidden", in: room)
      try await world.member(World.bob, "leave", in: room)
      let incremental = try await world.main.sync(World.bob, since: invited.next)
      let left = try present(incremental.left(room), "left room")
      #expect(left.timeline.map { $0["content"]?["membership"]?.string } == ["leave"])
      #expect(left.state.isEmpty)
      let initial = try await initialSync(world)
      for room in initial.rooms("leave").values {
        #expect(room.bodies.isEmpty)
        #expect(
          (room.state + room.timeline).allSatisfy { $0["state_key"]?.string == World.bob })
      }
    }
  }

  @Test func comingBackTellsTheWholeRoomAgain() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      try await world.member(World.bob, "leave", in: room)
      let away = try await world.main.sync(World.bob)
      try await world.topic("meanwhile", in: room)
      try await world.say("meanwhile", in: room)
      try await world.member(World.bob, "join", in: room)
      let answer = try await world.main.sync(
        World.bob, since: away.next, filter: try SyncFilter(limit: 1))
      let joined = try present(answer.joined(room), "room")
      #expect(joined.told("m.room.create") != nil)
      #expect(joined.told("m.room.topic")?["content"]?["topic"]?.string == "meanwhile")
      #expect(joined.timeline.map { $0["state_key"]?.string } == [World.bob])
    }
  }

  /// Left and joined again between two requests: the client knows the room.
  @Test func comingBackUnnoticed() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      let first = try await world.main.sync(World.bob)
      try await world.member(World.bob, "leave", in: room)
      try await world.topic("meanwhile", in: room)
      try await world.member(World.bob, "join", in: room)
      let answer = try await world.main.sync(World.bob, since: first.next)
      #expect(answer.left(room) == nil)
      let joined = try present(answer.joined(room), "room")
      #expect(
        joined.timeline.map { $0["type"]?.string } == [
          "m.room.member", "m.room.topic", "m.room.member",
        ])
    }
  }

  @Test func leftRoomsAreToldAtFirstWhenAskedFor() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      try await world.topic("seen", in: room)
      try await world.say("seen", in: room)
      try await world.member(World.bob, "leave", in: room)
      try await world.topic("hidden", in: room)
      try await world.say("hidden", in: room)
      #expect(try await initialSync(world, left: false).isEmpty)
      let answer = try await initialSync(world)
      let left = try present(answer.left(room), "left room")
      #expect(left.bodies == ["seen"])
      var state: [Place: JSONView] = [:]
      for event in left.state + left.timeline {
        if let place = event.place { state[place] = event }
      }
      #expect(state[Place("m.room.topic")]?["content"]?["topic"]?.string == "seen")
      #expect(state[Place("m.room.create")] != nil)
      try await ChangeMembership.forget(room, by: World.bob, world)
      #expect(try await initialSync(world).isEmpty)
      // Forgotten in the memory of every worker.
      let worker = try await world.worker(1)
      let elsewhere = try await worker.sync(World.bob, filter: try SyncFilter(left: true))
      #expect(elsewhere.isEmpty)
    }
  }

  @Test func aForgottenRoomCanBeJoinedAgain() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      try await world.member(World.bob, "leave", in: room)
      let away = try await world.main.sync(World.bob)
      try await ChangeMembership.forget(room, by: World.bob, world)
      try await world.member(World.bob, "join", in: room)
      let answer = try await world.main.sync(World.bob, since: away.next)
      let joined = try present(answer.joined(room), "room")
      #expect((joined.state + joined.timeline).contains { $0["type"]?.string == "m.room.create" })
    }
  }
}

extension ChangeMembership {
  fileprivate static func forget(_ room: RoomID, by user: String, _ world: World) async throws {
    let store = MembershipStore(database: world.database)
    guard try await store.forget(room, by: try world.user(user)) else {
      throw Missing(what: "a room to forget")
    }
  }
}
