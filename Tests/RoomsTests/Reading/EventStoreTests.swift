import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Streams
import TestKit
import Testing

@testable import Rooms

struct EventStoreTests {
  /// Two rooms whose events alternate, and their stories.
  private func withRooms(
    _ messages: Int, _ body: @Sendable (World, [RoomID], [[StoredEvent]]) async throws -> Void
  ) async throws {
    try await withWorld { world in
      let rooms = [try await world.makeRoom(), try await world.makeRoom(.v11)]
      for number in 0..<messages {
        for room in rooms { try await world.say("m\(number)", in: room) }
      }
      var stories: [[StoredEvent]] = []
      for room in rooms { stories.append(try await world.story(of: room)) }
      try await body(world, rooms, stories)
    }
  }

  private func ids(_ events: some Sequence<StoredEvent>) -> [EventID] {
    events.map(\.event.eventID)
  }

  @Test func eventsById() async throws {
    try await withRooms(2) { world, _, stories in
      let unknown = try present(EventID("$unknown"), "event id")
      let wanted = ids(stories[0].prefix(3)) + [unknown]
      let found = try await world.events.events(wanted)
      #expect(Set(ids(found)) == Set(wanted.dropLast()))
      #expect(try await world.events.event(unknown) == nil)
      #expect(try await world.events.events([]).isEmpty)
    }
  }

  @Test func pagesOfARoom() async throws {
    try await withRooms(6) { world, rooms, stories in
      let story = stories[0]
      let positions = story.map(\.streamOrdering)
      for (from, to) in [(0, story.count - 1), (3, 5), (4, 4)] {
        for limit in [1, 2, 100] {
          let inside = story[(from + 1)..<(to + 1)]
          let forwards = try await world.events.forwards(
            in: rooms[0], after: positions[from], upTo: positions[to], limit: limit)
          #expect(ids(forwards) == ids(inside.prefix(limit)))
          let backwards = try await world.events.backwards(
            in: rooms[0], from: positions[to], downTo: positions[from], limit: limit)
          #expect(ids(backwards) == ids(inside.reversed().prefix(limit)))
        }
      }
      #expect(
        ids(try await world.events.backwards(in: rooms[0], from: .max, limit: 3))
          == ids(story.reversed().prefix(3)))
    }
  }

  @Test func rowsOfAWriter() async throws {
    try await withRooms(4) { world, _, stories in
      let all = (stories[0] + stories[1]).sorted { $0.streamOrdering < $1.streamOrdering }
      let writer = world.lease.writer
      let (after, upTo) = (all[2].streamOrdering, all[9].streamOrdering)
      let rows = try await world.events.written(by: writer, after: after, upTo: upTo, limit: 5)
      #expect(ids(rows.map(\.row)) == ids(all[3...7]))
      #expect(rows.map(\.position) == all[3...7].map(\.streamOrdering))
      let others = try await world.events.written(
        by: WriterID(raw: writer.raw + 1), after: 0, upTo: .max, limit: 5)
      #expect(others.isEmpty)
    }
  }

  @Test func aSnapshotsTimelineAndStateBelongTogether() async throws {
    try await withRooms(1) { world, rooms, _ in
      let (isDone, isEnough) = (Locked(false), Locked(false))
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          defer { isDone.withLock { $0 = true } }
          for number in 0..<3000 where !isEnough.withLock({ $0 }) {
            try await world.set(
              "m.room.topic", "", ["topic": .string("t\(number)")], in: rooms[number % 2])
          }
        }
        var last: [Int64] = []
        while !isDone.withLock({ $0 }) {
          let snapshots = try await world.snapshots.snapshots(of: rooms, limit: 4)
          for (room, snapshot) in snapshots {
            let end = try present(snapshot.timeline.last?.streamOrdering, "position")
            let (timeline, state) = (
              try await world.events.backwards(in: room, from: end, limit: 4),
              try await world.states.state(of: room, at: end)
            )
            #expect(ids(snapshot.timeline) == ids(timeline.reversed()))
            #expect(Set(ids(snapshot.state)) == Set(ids(state)))
            last.append(end)
          }
          if Set(last).count > 3 * rooms.count { isEnough.withLock { $0 = true } }
        }
        try await group.waitForAll()
        // Otherwise the snapshots were not taken during the changes.
        #expect(Set(last).count > rooms.count)
      }
      let unknown = try RoomFixture.room("!nowhere:a.example")
      #expect(try await world.snapshots.snapshots(of: [unknown], limit: 4).isEmpty)
    }
  }
}
