import DequeModule
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import Streams
import TestKit
import Testing

@testable import Sync

/// A room's memory that followed the stream is the same as one that is loaded afresh.
struct RoomViewTests {
  private func texts(_ events: some Sequence<StoredEvent>) -> [String] {
    events.map {
      String(decoding: ClientEvent.bytes($0, reader: nil, now: 0), as: UTF8.self)
    }
  }

  private func expectSame(_ followed: RoomView, _ loaded: RoomView) {
    #expect(texts(followed.timeline.map(\.stored)) == texts(loaded.timeline.map(\.stored)))
    #expect(followed.timeline.map(\.stored.redactedBy) == loaded.timeline.map(\.stored.redactedBy))
    #expect(
      followed.timeline.map { $0.replaced.map { texts([$0]) } }
        == loaded.timeline.map { $0.replaced.map { texts([$0]) } })
    #expect(followed.hasEarlier == loaded.hasEarlier)
    #expect(followed.state.mapValues { texts([$0]) } == loaded.state.mapValues { texts([$0]) })
    #expect(followed.members.joinedCount == loaded.members.joinedCount)
    #expect(followed.members.invitedCount == loaded.members.invitedCount)
    #expect(!loaded.hidesHistory || followed.hidesHistory)
  }

  private func act(
    _ number: Int, in room: RoomID, _ random: inout SeededRandom, _ world: World
  ) async throws {
    let user = [World.alice, World.bob, World.carol].randomElement(using: &random) ?? World.bob
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<3: _ = try? await world.say("m\(number)", in: room, by: user)
    case 3: _ = try? await world.topic("t\(number)", in: room)
    case 4: _ = try? await world.member(user, "join", in: room, name: "n\(number)")
    case 5: _ = try? await world.member(user, "invite", in: room, by: World.alice)
    case 6 where user != World.alice: _ = try? await world.member(user, "leave", in: room)
    case 7:
      let visibility = ["shared", "joined"].randomElement(using: &random) ?? "shared"
      _ = try? await world.set(
        "m.room.history_visibility", "", ["history_visibility": .string(visibility)], in: room)
    default:
      let events = try await world.story(of: room).dropFirst()
      guard let target = events.randomElement(using: &random) else { return }
      _ = try? await world.redact(target.event.eventID, in: room)
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func followingIsAsGoodAsLoading(_ seed: UInt64) async throws {
    try await withWorld { world in
      var random = SeededRandom(seed)
      let room = try await world.makeRoom()
      let alice = try world.user(World.alice)
      let follower = Remembering(world, world.database)
      try await follower.loader.loadViews([room], for: alice)
      for number in 0..<80 {
        try await act(number, in: room, &random, world)
        let fresh = Remembering(world, world.database)
        try await fresh.loader.loadViews([room], for: alice)
        expectSame(
          try present(follower.view(of: room), "view"), try present(fresh.view(of: room), "view"))
        follower.expectSettled()
      }
      let view = try present(follower.view(of: room), "view")
      #expect(view.timeline.count == RoomView.timelineCapacity)
      #expect(view.hasEarlier)
    }
  }

  @Test func anEventIsTakenOnce() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      let worker = Remembering(world, world.database)
      try await worker.loader.loadViews([room], for: try world.user(World.alice))
      var view = try present(worker.view(of: room), "view")
      let (count, joined) = (view.timeline.count, view.members.joinedCount)
      for stored in try await world.story(of: room) { view.apply(stored) }
      #expect(view.timeline.count == count)
      #expect(view.members.joinedCount == joined)
    }
  }

  /// Bob's membership at each earlier position, as far as it can be known.
  @Test func membershipAtAPosition() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let (bob, carol) = (try world.user(World.bob), try world.user(World.carol))
      for membership in ["join", "leave", "join"] {
        try await world.say(1...3, in: room)
        try await world.member(World.bob, membership, in: room)
      }
      try await world.member(World.bob, "join", in: room, name: "Bob")
      let story = try await world.story(of: room)
      let worker = Remembering(world, world.database)
      try await worker.loader.loadViews([room], for: bob)
      let whole = try present(worker.view(of: room), "view")
      try await world.say(1...(RoomView.timelineCapacity - 2), in: room)
      let forgetful = try present(worker.view(of: room), "view")
      #expect(!whole.hasEarlier && forgetful.hasEarlier)
      var membership = "none"
      for stored in story {
        if stored.event.stateKey == World.bob { membership = stored.event.membership ?? "" }
        let since = VectorToken(minimum: stored.streamOrdering)
        #expect(whole.membership(of: bob, at: since) == membership)
        #expect(whole.membership(of: carol, at: since) == "none")
        // The last member event does not tell what was two events before.
        let known = forgetful.membership(of: bob, at: since)
        #expect(known == nil || known == membership)
      }
      let last = try present(story.last, "event")
      #expect(forgetful.membership(of: bob, at: VectorToken(minimum: 1)) == nil)
      #expect(
        forgetful.membership(of: bob, at: VectorToken(minimum: last.streamOrdering)) == "join")
      #expect(whole.membership(of: bob, at: nil) == nil)
    }
  }
}
