import MatrixIdentifiers
import Postgres
import RoomEvents
import StateResolution
import TestKit
import Testing

@testable import Rooms

/// A room in the database beside the same room in memory, which got the same events.
struct StoredRoom {
  let world: World
  let version: RoomVersion
  let id: RoomID
  private(set) var memory: MemoryRoom

  init(_ room: FederatedRoom, in world: World) throws {
    self.world = world
    version = room.version
    id = try room.maker.room
    memory = MemoryRoom(room.version)
  }

  /// Has the events received in one request.
  /// - Parameter isRestarted: by a writer that remembers nothing.
  @discardableResult
  mutating func receive(
    _ events: [ReceivedEvent], isRestarted: Bool = false
  ) async throws -> [ReceiveOutcome] {
    let request = ReceiveRequest(roomID: id, version: version, events: events)
    let outcomes =
      isRestarted
      ? try await world.receiveAfterRestart(request) : try await world.writer.receive(request)
    for (event, outcome) in zip(events, outcomes) {
      let expected = try memory.receive(event.event, event.kind, told: event.toldStates)
      #expect(outcome == expected, "\(event.event.eventID)")
    }
    return outcomes
  }

  /// Has an event sent by this server, on all ends of the room.
  mutating func send(_ intent: EventIntent) async throws -> Event {
    let ends = memory.ends
    let sent = try await world.persist(intent, in: id)
    let event = try await world.stored(sent.eventID).event
    #expect(Set(event.prevEvents) == Set(ends.keys))
    #expect(try memory.receive(event) == .stored(.accepted))
    return event
  }

  // MARK: Comparing

  func expectSame(_ comment: Comment? = nil) async throws {
    try await expectSameRoom(comment)
    try await expectSameEvents(comment)
  }

  private func expectSameRoom(_ comment: Comment?) async throws {
    let heads = try await WriterStore(database: world.database).loadHeads([id])
    let head = try present(heads.first, "head")
    #expect(Set(head.forwardExtremities) == Set(memory.ends.keys), comment)
    #expect(head.depth == memory.depth, comment)
    let current = try await world.states.current([id])
    #expect(ids(current) == memory.current, comment)
    let layers = LayerStore(database: world.database)
    let snapshot = try await layers.tree(
      of: [head.stateSnapshot].compactMap { $0 }, in: id
    ).state(at: head.stateSnapshot)
    #expect(try await ids(snapshot.numbers) == Set(memory.current.values), comment)
    let slots = head.state.values.map(\.slot)
    #expect(Set(slots).count == slots.count, comment)
    let members = try await world.memberships.members(
      of: id, memberships: ["join", "invite", "leave", "ban", "knock"])
    #expect(
      Set(members.map(\.eventID))
        == Set(memory.current.filter { $0.key.type == EventType.member }.values), comment)
    try await expectSameGaps(comment)
  }

  private func expectSameGaps(_ comment: Comment?) async throws {
    let rows = try await world.database.query(
      Statement("test_gaps", "SELECT DISTINCT event_id FROM missing_prev_events"))
    let gaps = Set((0..<rows.count).compactMap { rows.text($0, 0) })
    #expect(gaps == Set(memory.missing.filter { !$0.value.isEmpty }.keys.map(\.text)), comment)
  }

  private func expectSameEvents(_ comment: Comment?) async throws {
    let rows = try await world.database.query(
      Statement(
        "test_graph",
        """
        SELECT event_id, standing, ARRAY(SELECT p.event_id FROM events p
          WHERE p.stream_ordering = ANY(e.prev_events) ORDER BY 1) FROM events e
        """))
    #expect(rows.count == memory.events.count, comment)
    for row in 0..<rows.count {
      let id = try present(rows.text(row, 0).flatMap { EventID($0) }, "id")
      let stored = try present(memory.events[id], "event")
      #expect(EventStanding(stored: rows.int(row, 1)) == stored.standing, comment)
      let previous = stored.event.prevEvents.filter { memory.events[$0]?.stateBefore != nil }
      let isPlaced = stored.standing.hasPlace
      #expect(rows.texts(row, 2) == (isPlaced ? previous.map(\.text).sorted() : []), comment)
      guard isPlaced else { continue }
      let before = try await world.states.state(.before, id)
      #expect(ids(before ?? []) == stored.stateBefore, "\(id) \(comment ?? "")")
      let after = try await world.states.state(.after, id)
      #expect(ids(after ?? []) == stored.stateAfter, "\(id) \(comment ?? "")")
    }
  }

  private func ids(_ events: [StoredEvent]) -> StateMap {
    var state: StateMap = [:]
    for stored in events {
      if let key = stored.event.stateTuple { state[key] = stored.event.eventID }
    }
    return state
  }

  private func ids(_ numbers: [Int64]) async throws -> Set<EventID> {
    let rows = try await world.database.query(
      Statement("test_ids", "SELECT event_id FROM events WHERE stream_ordering = ANY($1)"),
      [.ints(numbers)])
    return Set((0..<rows.count).compactMap { rows.text($0, 0).flatMap { EventID($0) } })
  }
}

extension World {
  func receiveAfterRestart(_ request: ReceiveRequest) async throws -> [ReceiveOutcome] {
    let writer = anotherWriter()
    return try await whileRunning([{ await writer.run() }]) { try await writer.receive(request) }
  }
}
