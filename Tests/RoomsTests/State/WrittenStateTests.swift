import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// The states that the writer stores, in rooms whose history has no forks.
struct WrittenStateTests {
  private typealias State = [StateTuple: EventID]

  private func ids(_ events: [StoredEvent]?) -> State {
    var state: State = [:]
    for stored in events ?? [] {
      if let key = stored.event.stateTuple { state[key] = stored.event.eventID }
    }
    return state
  }

  private func setting(_ number: Int) throws -> EventIntent {
    try RoomFixture.state(
      "org.example.kept", "\(number % 30)", ["n": .integer(Int64(number))],
      by: RoomFixture.alice)
  }

  /// Enough changes for many layers, in requests of several sizes and by several writers.
  @Test func theStateAroundEveryEvent() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      var number = 0
      for size in [1, 70, 5, 200, 300, 64, 63, 1, 1] {
        let intents = try (0..<size).map { try setting(number + $0) }
        let request = PersistRequest(roomID: room, intents: intents)
        _ = try await world.writer.persist(request)
        number += size
        try await world.say("m\(number)", in: room)
      }
      var state: State = [:]
      for (index, stored) in try await world.story(of: room).enumerated() {
        let isLooked = index % 7 == 0 || stored.event.stateKey == nil
        if isLooked {
          #expect(ids(try await world.states.state(.before, stored.event.eventID)) == state)
        }
        if let key = stored.event.stateTuple { state[key] = stored.event.eventID }
        if isLooked {
          #expect(ids(try await world.states.state(.after, stored.event.eventID)) == state)
        }
      }
      #expect(ids(try await world.states.current([room])) == state)
      // Merged on the way, so that no state is a long way down.
      let head = try present(
        try await WriterStore(database: world.database).loadHeads([room]).first, "head")
      let last = try present(head.stateSnapshot, "snapshot")
      let tree = try await LayerStore(database: world.database).tree(of: [last], in: room)
      #expect(try tree.chain(from: last).count < number / SnapshotID.changesPerLayer)
    }
  }

  /// A writer that was started anew goes on as the one before it would have.
  @Test func anotherWriterGoesOn() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      for number in 0..<5 {
        let request = PersistRequest(
          roomID: room, intents: try (0..<30).map { try setting(number * 30 + $0) })
        _ = try await world.persistAfterRestart(request)
      }
      let head = try present(
        try await WriterStore(database: world.database).loadHeads([room]).first, "head")
      let last = try present(try await world.story(of: room).last, "event")
      let after = try await LayerStore(database: world.database).state(
        .after, last.event.eventID)
      #expect(Set(after?.numbers ?? []) == Set(head.state.values.map(\.number)))
      let slots = head.state.values.map(\.slot)
      #expect(Set(slots).count == slots.count)
      #expect(head.cursor.nextSlot == (slots.max() ?? 0) + 1)
    }
  }

  /// A refused request gives back the slots that it took.
  @Test func aRefusedRequestTakesNoSlots() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let requests = [
        PersistRequest(
          roomID: room,
          intents: [
            try setting(1),
            try RoomFixture.state("m.room.name", "", ["name": "no"], by: RoomFixture.bob),
          ]),
        PersistRequest(roomID: room, intents: [try setting(2)]),
      ]
      let answers = try await world.inOneBatch(requests)
      #expect(throws: PersistError.self) { try answers[0].get() }
      #expect(throws: Never.self) { try answers[1].get() }
      let slots = try await world.number("slots", "SELECT count(*) FROM state_slots")
      let highest = try await world.number("slot", "SELECT max(slot)::bigint + 1 FROM state_slots")
      #expect(slots == highest)
      #expect(try await world.states.current(room, StateTuple("org.example.kept", "1")) == nil)
      #expect(try await world.states.current(room, StateTuple("org.example.kept", "2")) != nil)
    }
  }

  @Test func aMessageWritesNoState() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let versions = "SELECT sum(xmin::text::bigint)::bigint FROM"
      let slots = try await world.number("slot_versions", "\(versions) state_slots")
      let layers = try await world.number("layer_versions", "\(versions) state_layers")
      for number in 0..<5 { try await world.say("m\(number)", in: room) }
      #expect(try await world.number("slot_versions", "\(versions) state_slots") == slots)
      #expect(try await world.number("layer_versions", "\(versions) state_layers") == layers)
    }
  }

  /// A history that is too long for its slot goes on in rows of its own, in order.
  @Test func aLongHistoryOfComingAndGoing() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let bob = try RoomFixture.user(RoomFixture.bob)
      // Large numbers take more bytes.
      try await world.run("SELECT setval('events_stream_seq', 100000000)")
      var wanted: [HistoryVisibility.Change<String>] = []
      for number in 0..<300 {
        let membership = number % 2 == 0 ? "join" : "leave"
        let answer = try await world.member(RoomFixture.bob, membership, in: room)
        wanted.append(HistoryVisibility.Change(answer.streamOrdering, membership))
      }
      let rows = try await world.number("histories", "SELECT count(*) FROM state_histories")
      #expect(try present(rows, "count") > 1)
      let record = try await world.states.readingRecord(of: bob, in: room)
      #expect(record.memberships.map(\.position) == wanted.map(\.position))
      #expect(record.memberships.map(\.value) == wanted.map(\.value))
      #expect(try await world.states.endOfStay(of: bob, in: room) == wanted.last?.position)
    }
  }

  /// Where the history has several ends, the room's state is noted beside the event's own.
  @Test func theStateAtAPositionIsTheRooms() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let first = try await world.set("m.room.topic", "", ["topic": "a"], in: room)
      let second = try await world.set("m.room.topic", "", ["topic": "b"], in: room)
      let message = try await world.say("m", in: room)
      try await world.set("m.room.topic", "", ["topic": "c"], in: room)
      let topic = StateTuple("m.room.topic")
      let position = message.streamOrdering
      #expect(
        ids(try await world.states.state(of: room, at: position))[topic] == second.eventID)
      try await world.run(
        """
        UPDATE events SET room_snapshot = (
          SELECT state_snapshot FROM events WHERE event_id = '\(first.eventID.text)')
        WHERE event_id = '\(message.eventID.text)'
        """)
      #expect(ids(try await world.states.state(of: room, at: position))[topic] == first.eventID)
      let some = try await world.states.state(of: room, at: position, keys: [topic])
      #expect(ids(some) == [topic: first.eventID])
      #expect(ids(try await world.states.state(.after, message.eventID))[topic] == second.eventID)
    }
  }

  /// What became current later than its event came was not current in between.
  @Test func anEntryThatBecameCurrentLater() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let first = try await world.set("m.room.topic", "", ["topic": "a"], in: room)
      let second = try await world.set("m.room.topic", "", ["topic": "b"], in: room)
      let message = try await world.say("m", in: room)
      let last = try await world.say("n", in: room)
      let topic = StateTuple("m.room.topic")
      // As if the topics had met again in the last message, where the first one won.
      try await world.run(
        """
        UPDATE state_slots SET changed_at = \(last.streamOrdering),
          event = \(first.streamOrdering) WHERE type = 'm.room.topic';
        """)
      let then = try await world.states.state(
        of: room, at: message.streamOrdering, keys: [topic])
      #expect(ids(then) == [topic: second.eventID])
      let now = try await world.states.state(of: room, at: last.streamOrdering, keys: [topic])
      #expect(ids(now) == [topic: first.eventID])
    }
  }
}
