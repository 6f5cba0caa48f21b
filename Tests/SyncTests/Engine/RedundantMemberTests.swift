import MatrixIdentifiers
import MatrixJSON
import Rooms
import TestKit
import Testing

@testable import Sync

/// Members whom the device has been told of are not told again, unless that would lose something.
struct RedundantMemberTests {
  private func lazy(limit: Int = 2, redundant: Bool = false) throws -> SyncFilter {
    try SyncFilter(
      """
      {"room":{"timeline":{"limit":\(limit)},"state":{"lazy_load_members":true,
      "include_redundant_members":\(redundant)}}}
      """)
  }

  /// A named room, so that nobody is told for being one of its heroes.
  private func room(_ world: World) async throws -> RoomID {
    let room = try await world.makeRoom(name: "named")
    try await world.member(World.bob, "join", in: room)
    try await world.member(World.carol, "join", in: room)
    try await world.say(1...5, in: room)
    return room
  }

  /// Whom a device is told of when Bob speaks, three times in a row.
  private func toldThrice(
    _ filter: SyncFilter, _ workers: [Worker], _ world: World
  ) async throws -> [Set<String>] {
    let room = try await room(world)
    for worker in workers { try await worker.catchUp(with: world.main) }
    var since = try await workers[0].sync(World.alice, filter: filter, device: "D").next
    var told: [Set<String>] = []
    for turn in 0..<3 {
      try await world.say("b\(turn)", in: room, by: World.bob)
      let worker = workers[turn % workers.count]
      try await worker.catchUp(with: world.main)
      let answer = try await worker.sync(
        World.alice, since: since, filter: filter, device: "D")
      told.append(try present(answer.joined(room), "room").toldMembers)
      since = answer.next
    }
    return told
  }

  @Test func whoIsKnownIsNotToldAgain() async throws {
    try await withWorld { world in
      let told = try await toldThrice(try lazy(), [world.main], world)
      #expect(told == [[World.bob], [], []])
    }
  }

  @Test func whoWantsThemAgainGetsThem() async throws {
    try await withWorld { world in
      let told = try await toldThrice(try lazy(redundant: true), [world.main], world)
      #expect(told == [[World.bob], [World.bob], [World.bob]])
    }
  }

  /// Another worker does not know what the device knows.
  @Test func aDeviceMayMove() async throws {
    try await withTwoWorkers { world, other in
      let told = try await toldThrice(try lazy(), [world.main, other], world)
      #expect(told[0] == [World.bob] && told[1] == [World.bob])
    }
  }

  @Test func whatALostAnswerToldIsToldAgain() async throws {
    try await withWorld { world in
      let room = try await room(world)
      let since = try await world.main.sync(World.alice, filter: try lazy(), device: "D").next
      try await world.say("b", in: room, by: World.bob)
      for _ in 0..<2 {
        let answer = try await world.main.sync(
          World.alice, since: since, filter: try lazy(), device: "D")
        #expect(answer.joined(room)?.toldMembers == [World.bob])
      }
    }
  }

  @Test func whoChangedInAGapIsTold() async throws {
    try await withWorld { world in
      let room = try await room(world)
      try await world.say("b", in: room, by: World.bob)
      let first = try await world.main.sync(
        World.alice, filter: try lazy(), device: "D")
      #expect(first.joined(room)?.toldMembers == [World.alice, World.bob])
      try await world.member(World.bob, "join", in: room, name: "Robert")
      try await world.member(World.carol, "leave", in: room)
      try await world.say(1...3, in: room)
      let second = try await world.main.sync(
        World.alice, since: first.next, filter: try lazy(), device: "D")
      let joined = try present(second.joined(room), "room")
      #expect(joined.isLimited)
      #expect(joined.toldMembers == [World.bob, World.carol])
      let bob = joined.told("m.room.member", World.bob)
      #expect(bob?["content"]?["displayname"]?.string == "Robert")
    }
  }

  /// Who comes back to a room may have missed any change.
  @Test func comingBackBeginsAnew() async throws {
    try await withWorld { world in
      let room = try await room(world)
      try await world.say("b", in: room, by: World.bob)
      var answer = try await world.main.sync(World.carol, filter: try lazy(), device: "D")
      try await world.member(World.carol, "leave", in: room)
      answer = try await world.main.sync(
        World.carol, since: answer.next, filter: try lazy(), device: "D")
      #expect(answer.left(room) != nil)
      try await world.member(World.bob, "join", in: room, name: "Robert")
      try await world.say("b", in: room, by: World.bob)
      try await world.member(World.carol, "join", in: room)
      answer = try await world.main.sync(
        World.carol, since: answer.next, filter: try lazy(), device: "D")
      #expect(answer.joined(room)?.toldMembers.contains(World.bob) == true)
    }
  }

  @Test(arguments: [SyncRequest.StateForm.beforeTimeline, .afterTimeline])
  func heroesAreTold(_ form: SyncRequest.StateForm) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      try await world.member(World.carol, "invite", in: room, by: World.alice)
      try await world.say(1...5, in: room)
      let first = try await world.main.sync(
        World.alice, filter: try lazy(), device: "D", state: form)
      let joined = try present(first.joined(room), "room")
      let told = Set((joined.state + joined.stateAfter).compactMap(\.place))
      let heroes = joined.json["summary"]?["m.heroes"]?.elements.compactMap(\.string)
      #expect(heroes == [World.bob, World.carol])
      #expect(
        told.isSuperset(
          of: [World.alice, World.bob, World.carol].map { Place("m.room.member", $0) }))
      // They are known from then on.
      try await world.member(World.carol, "join", in: room)
      let second = try await world.main.sync(
        World.alice, since: first.next, filter: try lazy(), device: "D", state: form)
      let later = try present(second.joined(room), "room")
      let toldLater = Set((later.state + later.stateAfter).compactMap(\.place?.key))
      #expect(!toldLater.contains(World.bob))
    }
  }
}
