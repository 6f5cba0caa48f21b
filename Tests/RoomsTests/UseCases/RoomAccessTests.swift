import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// What of a room its present, former and never members may read.
struct RoomAccessTests {
  /// What Bob may read: nothing, all of it, or the messages up to one.
  enum Readable: Sendable, Equatable {
    case nothing
    case everything
    case messages(Int)
  }

  /// Makes Bob's member events one after the other, a message after each; returns what he may
  /// read, checked over all ways to read.
  private func readable(
    after memberships: [String], in room: RoomID, _ world: World
  ) async throws -> Readable {
    let bob = try RoomFixture.user(RoomFixture.bob)
    var last = "none"
    for (number, membership) in memberships.enumerated() {
      let byAlice = ["invite", "ban", "kick"].contains(membership) || last == "ban"
      let made = membership == "kick" ? "leave" : membership
      try await world.member(
        RoomFixture.bob, made, in: room, by: byAlice ? RoomFixture.alice : RoomFixture.bob)
      last = made
      try await world.say("m\(number)", in: room)
    }
    let extent: RoomAccess.Extent
    do {
      extent = try await world.access.extent(for: bob, in: room)
    } catch RoomError.notInRoom {
      try await expectNothing(bob, in: room, world)
      return .nothing
    }
    let page = try await world.history.page(
      of: room, for: bob, from: nil, to: nil, .backwards, limit: 1000)
    if extent == .everything { return .everything }
    #expect(page.events.first?.streamOrdering == extent.lastPosition)
    try await expectSameEnd(extent, bob, in: room, world)
    return .messages(bodies(page.events).count)
  }

  private func expectNothing(_ user: UserID, in room: RoomID, _ world: World) async throws {
    let last = try present(try await world.story(of: room).last?.event.eventID, "event")
    await #expect(throws: RoomError.notInRoom) {
      try await world.history.page(
        of: room, for: user, from: nil, to: nil, .forwards, limit: 1)
    }
    await #expect(throws: RoomError.notInRoom) {
      try await world.history.context(of: last, in: room, for: user, limit: 1)
    }
    await #expect(throws: RoomError.notInRoom) { try await world.read.state(of: room, for: user) }
    await #expect(throws: RoomError.notInRoom) {
      try await world.read.stateEvent(.create, of: room, for: user)
    }
    await #expect(throws: RoomError.notInRoom) {
      try await world.read.members(of: room, for: user, at: nil)
    }
    await #expect(throws: RoomError.unknownEvent) {
      try await world.read.event(last, in: room, for: user)
    }
  }

  /// State, members and single events end where the history ends.
  private func expectSameEnd(
    _ extent: RoomAccess.Extent, _ user: UserID, in room: RoomID, _ world: World
  ) async throws {
    let state = try await world.read.state(of: room, for: user)
    let members = try await world.read.members(of: room, for: user, at: nil)
    #expect((state + members).allSatisfy { $0.streamOrdering <= extent.lastPosition })
    #expect(state.contains { $0.event.type == "m.room.create" })
    for stored in try await world.story(of: room) {
      let isReadable = stored.streamOrdering <= extent.lastPosition
      let found = try? await world.read.event(stored.event.eventID, in: room, for: user)
      #expect((found != nil) == isReadable)
      let context = try? await world.history.context(
        of: stored.event.eventID, in: room, for: user, limit: 100)
      #expect((context != nil) == isReadable)
      #expect(
        (context?.after ?? []).allSatisfy { $0.streamOrdering <= extent.lastPosition })
    }
    await #expect(throws: RoomError.notInRoom) {
      try await world.read.joinedMembers(of: room, for: user)
    }
  }

  @Test(
    arguments: [
      ([], .nothing), (["invite"], .nothing), (["invite", "leave"], .nothing), (["ban"], .nothing),
      (["ban", "leave"], .nothing), (["join"], .everything),
      (["join", "leave"], .messages(1)), (["join", "kick"], .messages(1)),
      (["join", "ban"], .messages(1)),
      // What comes after the stay shows nothing of the time in between.
      (["join", "leave", "ban"], .messages(1)), (["join", "ban", "leave"], .messages(1)),
      (["join", "leave", "invite", "leave"], .messages(1)),
      (["join", "leave", "join", "leave"], .messages(3)), (["join", "leave", "join"], .everything),
    ] as [([String], Readable)])
  func whoMayReadWhat(_ memberships: [String], _ wanted: Readable) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      #expect(try await readable(after: memberships, in: room, world) == wanted)
    }
  }

  @Test(arguments: [[], ["join", "leave"], ["ban"]] as [[String]])
  func aWorldReadableRoomIsOpenToAll(_ memberships: [String]) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.set(
        "m.room.history_visibility", "", ["history_visibility": "world_readable"], in: room)
      #expect(try await readable(after: memberships, in: room, world) == .everything)
    }
  }

  @Test func aForgottenRoomIsClosed() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      #expect(try await readable(after: ["join", "leave"], in: room, world) == .messages(1))
      let bob = try RoomFixture.user(RoomFixture.bob)
      try await world.membership.forget(room, user: bob)
      try await expectNothing(bob, in: room, world)
    }
  }

  @Test func aRoomThatDoesNotExistIsClosed() async throws {
    try await withWorld { world in
      await #expect(throws: RoomError.notInRoom) {
        try await world.access.extent(
          for: try RoomFixture.user(RoomFixture.bob),
          in: try RoomFixture.room("!nowhere:a.example"))
      }
    }
  }

  @Test func anEventIsReadInItsRoomOnly() async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      let alice = try RoomFixture.user(RoomFixture.alice)
      let id = try await world.say("x", in: room).eventID
      #expect(try await world.read.event(id, in: room, for: alice).event.eventID == id)
      await #expect(throws: RoomError.unknownEvent) {
        try await world.read.event(id, in: other, for: alice)
      }
      await #expect(throws: RoomError.unknownEvent) {
        try await world.history.context(of: id, in: other, for: alice, limit: 3)
      }
    }
  }

  @Test func stateAsItWasAtTheEndOfTheStay() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let bob = try RoomFixture.user(RoomFixture.bob)
      try await world.member(RoomFixture.bob, "join", in: room)
      try await world.set("m.room.topic", "", ["topic": "before"], in: room)
      try await world.member(RoomFixture.bob, "leave", in: room)
      try await world.set("m.room.topic", "", ["topic": "after"], in: room)
      try await world.set("m.room.name", "", ["name": "after"], in: room)
      let topic = try await world.read.stateEvent(StateTuple("m.room.topic"), of: room, for: bob)
      #expect(topic.event.content["topic"]?.string == "before")
      await #expect(throws: RoomError.unknownState) {
        try await world.read.stateEvent(StateTuple("m.room.name"), of: room, for: bob)
      }
      let alice = try RoomFixture.user(RoomFixture.alice)
      let now = try await world.read.stateEvent(StateTuple("m.room.topic"), of: room, for: alice)
      #expect(now.event.content["topic"]?.string == "after")
      let joined = try await world.read.joinedMembers(of: room, for: alice)
      #expect(joined.map(\.event.stateKey) == [RoomFixture.alice])
    }
  }
}
