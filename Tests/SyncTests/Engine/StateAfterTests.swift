import MatrixIdentifiers
import MatrixJSON
import Rooms
import TestKit
import Testing

@testable import Sync

/// State as of the end of the timeline, for clients that take no state from there.
struct StateAfterTests {
  private func topics(_ events: [JSONView]) -> [String] {
    events.filter { $0["type"]?.string == "m.room.topic" }
      .compactMap { $0["content"]?["topic"]?.string }
  }

  @Test func theWholeStateIsToldAtFirst() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.topic("t", in: room)
      let answer = try await world.main.sync(
        World.alice, filter: try SyncFilter(limit: 2), state: .afterTimeline)
      let joined = try present(answer.joined(room), "room")
      #expect(joined.json["state"] == nil)
      #expect(topics(joined.timeline) == ["t"])
      var state: [Place: String] = [:]
      for event in joined.stateAfter { state[try present(event.place, "place")] = event.eventID }
      #expect(state == (try await world.state(of: room)))
      #expect(state.count == joined.stateAfter.count, "each place once")
    }
  }

  /// The last value of each place, whether it lies in the timeline or in the gap before it.
  @Test(arguments: [1, 2, 4, 10])
  func whatChangedIsTold(_ limit: Int) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let since = try await world.main.sync(World.alice).next
      try await world.set("m.room.name", "", ["name": "n"], in: room)
      try await world.topic("first", in: room)
      try await world.say(1...2, in: room)
      try await world.topic("second", in: room)
      let answer = try await world.main.sync(
        World.alice, since: since, filter: try SyncFilter(limit: limit), state: .afterTimeline)
      let joined = try present(answer.joined(room), "room")
      #expect(joined.isLimited == (limit < 5))
      #expect(topics(joined.stateAfter) == ["second"])
      #expect(joined.stateAfter.count == 2)
      try await world.say("more", in: room)
      let next = try await world.main.sync(
        World.alice, since: answer.next, state: .afterTimeline)
      #expect(next.joined(room)?.json["state_after"]?["events"]?.count == 0)
    }
  }

  /// More happened than memory holds.
  @Test(arguments: [5, 60])
  func whatChangedLongAgoIsTold(_ limit: Int) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let since = try await world.main.sync(World.alice).next
      try await world.topic("gap", in: room)
      try await world.say(1...45, in: room)
      let answer = try await world.main.sync(
        World.alice, since: since, filter: try SyncFilter(limit: limit), state: .afterTimeline)
      let joined = try present(answer.joined(room), "room")
      #expect(topics(joined.stateAfter) == ["gap"])
      #expect(joined.stateAfter.count == 1)
    }
  }

  @Test func aTimelineWithoutStateDoesNotMatter() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let since = try await world.main.sync(World.alice).next
      try await world.topic("a", in: room)
      try await world.say("m", in: room)
      try await world.topic("b", in: room)
      let filter = try SyncFilter(
        "{\"room\":{\"timeline\":{\"types\":[\"m.room.message\"]}}}")
      let answer = try await world.main.sync(
        World.alice, since: since, filter: filter, state: .afterTimeline)
      let joined = try present(answer.joined(room), "room")
      #expect(joined.bodies == ["m"] && !joined.isLimited)
      #expect(topics(joined.stateAfter) == ["b"])
    }
  }

  @Test(arguments: [false, true])
  func aRoomThatWasLeftIsToldAsOfThen(_ isFirst: Bool) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      let since = try await world.main.sync(World.bob).next
      try await world.topic("seen", in: room)
      try await world.member(World.bob, "leave", in: room)
      try await world.topic("hidden", in: room)
      let answer = try await world.main.sync(
        World.bob, since: isFirst ? nil : since, filter: try SyncFilter(limit: 1, left: true),
        state: .afterTimeline)
      let left = try present(answer.left(room), "room")
      #expect(left.json["state"] == nil)
      #expect(topics(left.stateAfter) == ["seen"])
      let own = left.stateAfter.filter { $0.place == Place("m.room.member", World.bob) }
      #expect(own.map { $0["content"]?["membership"]?.string } == ["leave"])
    }
  }

  @Test func aDeclinedInvitationIsTold() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom(.privateChat)
      try await world.member(World.bob, "invite", in: room, by: World.alice)
      let since = try await world.main.sync(World.bob).next
      try await world.member(World.bob, "leave", in: room)
      let answer = try await world.main.sync(World.bob, since: since, state: .afterTimeline)
      let left = try present(answer.left(room), "room")
      for events in [left.timeline, left.stateAfter] {
        #expect(events.map { $0["content"]?["membership"]?.string } == ["leave"])
      }
    }
  }

  @Test func theOldNameIsAnsweredWithTheOldName() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let answer = try await world.main.sync(World.alice, state: .afterTimelineUnstable)
      let joined = try present(answer.joined(room), "room")
      #expect(joined.json["org.matrix.msc4222.state_after"] != nil)
      #expect(joined.json["state"] == nil && joined.json["state_after"] == nil)
    }
  }
}
