import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Streams
import TestKit
import Testing

@testable import Rooms

struct ReadHistoryTests {
  private typealias Direction = ReadHistory.Direction

  /// A room with some messages, between those of another.
  private func withHistory(
    _ messages: Int, _ body: @Sendable (World, RoomID, [StoredEvent]) async throws -> Void
  ) async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      for number in 0..<messages {
        try await world.say("m\(number)", in: room)
        try await world.say("other", in: other)
      }
      try await body(world, room, try await world.story(of: room))
    }
  }

  /// Follows the tokens to the end.
  private func pages(
    of room: RoomID, from: HistoryToken?, to: HistoryToken? = nil, _ direction: Direction,
    limit: Int, for user: String = RoomFixture.alice, _ world: World
  ) async throws -> [EventID] {
    var found: [EventID] = []
    var next = from
    while true {
      let page = try await world.history.page(
        of: room, for: try RoomFixture.user(user), from: next, to: to, direction, limit: limit)
      #expect(page.events.count <= limit)
      found += page.events.map(\.event.eventID)
      guard let end = page.end else { return found }
      // As a client gives it back.
      next = try present(HistoryToken(end.text), "token")
      guard found.count <= 1000 else { throw RoomFixture.Failure(what: "no end of the pages") }
    }
  }

  private func stream(_ world: World, _ position: Int64) -> HistoryToken {
    .stream(VectorToken(minimum: 0).advanced(world.lease.writer, to: position))
  }

  @Test(arguments: [1, 3, 7, 100])
  func toTheBeginningAndBack(_ limit: Int) async throws {
    try await withHistory(12) { world, room, story in
      let ids = story.map(\.event.eventID)
      let now = HistoryToken.stream(world.reader.current)
      for from in [nil, now, .position(.max)] {
        let found = try await pages(of: room, from: from, .backwards, limit: limit, world)
        #expect(found == ids.reversed())
      }
      for from in [nil, .position(0), stream(world, 0)] {
        let found = try await pages(of: room, from: from, .forwards, limit: limit, world)
        #expect(found == ids)
      }
    }
  }

  /// Both ways from every place, named in both ways, give the whole without gap or repeat.
  @Test func fromEveryPlace() async throws {
    try await withHistory(5) { world, room, story in
      let ids = story.map(\.event.eventID)
      for (index, stored) in story.enumerated() {
        let places: [HistoryToken] = [
          .position(stored.streamOrdering), stream(world, stored.streamOrdering),
        ]
        for place in places {
          let before = try await pages(of: room, from: place, .backwards, limit: 4, world)
          let after = try await pages(of: room, from: place, .forwards, limit: 4, world)
          #expect(before.reversed() == Array(ids[...index]))
          #expect(after == Array(ids[(index + 1)...]))
        }
      }
    }
  }

  @Test func anEndStopsThePages() async throws {
    try await withHistory(8) { world, room, story in
      let ids = story.map(\.event.eventID)
      for (low, high) in [(2, 9), (4, 5), (6, 6)] {
        let (lower, upper) = (story[low].streamOrdering, story[high].streamOrdering)
        for (first, last) in [
          (HistoryToken.position(lower), HistoryToken.position(upper)),
          (stream(world, lower), stream(world, upper)),
          (.position(lower), stream(world, upper)),
        ] {
          let wanted = Array(ids[(low + 1)..<(high + 1)])
          let backwards = try await pages(
            of: room, from: last, to: first, .backwards, limit: 2, world)
          let forwards = try await pages(
            of: room, from: first, to: last, .forwards, limit: 2, world)
          #expect(backwards == wanted.reversed())
          #expect(forwards == wanted)
        }
      }
    }
  }

  @Test func aPageOfNothingStaysWhereItIs() async throws {
    try await withHistory(3) { world, room, story in
      let alice = try RoomFixture.user(RoomFixture.alice)
      for direction in [Direction.backwards, .forwards] {
        let place = HistoryToken.position(story[5].streamOrdering)
        let page = try await world.history.page(
          of: room, for: alice, from: place, to: nil, direction, limit: 0)
        #expect(page.events.isEmpty)
        #expect(page.start == place)
        #expect(page.end == nil || page.end == place)
      }
    }
  }

  @Test func whoHasLeftPagesUpToTheLeave() async throws {
    try await withHistory(3) { world, room, _ in
      try await world.member(RoomFixture.bob, "join", in: room)
      try await world.say("seen", in: room)
      try await world.member(RoomFixture.bob, "leave", in: room)
      let end = try await world.story(of: room).map(\.event.eventID)
      for number in 0..<4 { try await world.say("unseen \(number)", in: room) }
      let future = HistoryToken.stream(world.reader.current)
      for limit in [1, 2, 100] {
        for from in [nil, future] {
          let found = try await pages(
            of: room, from: from, .backwards, limit: limit, for: RoomFixture.bob, world)
          #expect(found == end.reversed())
        }
        let forwards = try await pages(
          of: room, from: nil, .forwards, limit: limit, for: RoomFixture.bob, world)
        #expect(forwards == end)
        let after = try await pages(
          of: room, from: future, .forwards, limit: limit, for: RoomFixture.bob, world)
        #expect(after.isEmpty)
      }
    }
  }

  @Test func theMembersOfAPage() async throws {
    try await withHistory(1) { world, room, _ in
      try await world.set(
        "m.room.member", RoomFixture.bob, ["membership": "join", "displayname": "old"],
        in: room, by: RoomFixture.bob)
      try await world.say("by bob", in: room, by: RoomFixture.bob)
      let place = HistoryToken.stream(world.reader.current)
      try await world.set(
        "m.room.member", RoomFixture.bob, ["membership": "join", "displayname": "new"],
        in: room, by: RoomFixture.bob)
      try await world.say("by bob", in: room, by: RoomFixture.bob)
      let alice = try RoomFixture.user(RoomFixture.alice)
      let lazy = try EventFilter(
        FilterPart(try JSONDocument(Array("{\"lazy_load_members\":true}".utf8)).root))
      for (from, name) in [(place, "old"), (nil, "new")] as [(HistoryToken?, String)] {
        let page = try await world.history.page(
          of: room, for: alice, from: from, to: nil, .backwards, limit: 1, filter: lazy)
        #expect(bodies(page.events) == ["by bob"])
        #expect(page.state.map(\.event.stateKey) == [RoomFixture.bob])
        #expect(page.state.first?.event.content["displayname"]?.string == name)
      }
    }
  }

  /// An event's surroundings, from whose ends one can page on.
  @Test(arguments: [0, 1, 4, 100])
  func context(_ limit: Int) async throws {
    try await withHistory(6) { world, room, story in
      let alice = try RoomFixture.user(RoomFixture.alice)
      let ids = story.map(\.event.eventID)
      for (index, stored) in story.enumerated() {
        let context = try await world.history.context(
          of: stored.event.eventID, in: room, for: alice, limit: limit)
        #expect(context.event.event.eventID == stored.event.eventID)
        let around =
          context.before.reversed().map(\.event.eventID) + [ids[index]]
          + context.after.map(\.event.eventID)
        #expect(around.count <= limit + 1)
        let start = try await pages(of: room, from: context.start, .backwards, limit: 3, world)
        let end = try await pages(of: room, from: context.end, .forwards, limit: 3, world)
        #expect(start.reversed() + around + end == ids)
        #expect(context.state.contains { $0.event.type == "m.room.create" })
      }
    }
  }
}
