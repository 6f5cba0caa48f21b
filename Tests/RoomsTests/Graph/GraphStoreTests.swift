import MatrixIdentifiers
import RoomEvents
import StateResolution
import Streams
import TestKit
import Testing

@testable import Rooms

/// What other servers ask for, beside answers that are put together from a room in memory.
struct GraphStoreTests {
  private static let versions: [RoomVersion] = [.v1, .v2, .v6, .v11, .v12]

  private static func withRoom(
    _ seed: Int, _ body: @Sendable (GraphStore, StoredRoom) async throws -> Void
  ) async throws {
    let federated = try FederatedRoom(
      seed: seed, version: versions[seed % versions.count], steps: 40)
    try await withWorld { world in
      var room = try StoredRoom(federated, in: world)
      try await room.receive(federated.events.map { ReceivedEvent(event: $0, kind: .live) })
      try await body(GraphStore(database: world.database), room)
    }
  }

  private static func ids(_ events: [StoredEvent]) -> [EventID] {
    events.map(\.event.eventID)
  }

  @Test(arguments: 0..<6)
  func missingEventsAreThoseBetween(_ seed: Int) async throws {
    try await Self.withRoom(seed) { graph, room in
      let memory = room.memory
      let latest = memory.ends.keys.sorted()
      let all = memory.events.values.sorted { $0.number < $1.number }
      let earliest = [all[all.count / 3].event.eventID]
      let expected = memory.behind(latest, notEntering: Set(earliest))
      let found = try await graph.missingEvents(
        in: room.id, before: latest, after: earliest, minimumDepth: 0, limit: 1000)
      #expect(Set(Self.ids(found)) == expected, "seed \(seed)")
      #expect(found.map(\.event.depth) == found.map(\.event.depth).sorted())
      let floor = all[all.count / 2].event.depth
      let near = try await graph.missingEvents(
        in: room.id, before: latest, after: [], minimumDepth: floor, limit: 1000)
      #expect(near.allSatisfy { $0.event.depth >= floor })
      #expect(!near.isEmpty)
      let few = try await graph.missingEvents(
        in: room.id, before: latest, after: [], minimumDepth: 0, limit: 3)
      #expect(few.count == 3)
    }
  }

  @Test(arguments: 0..<6)
  func historyIsWhatCameBefore(_ seed: Int) async throws {
    try await Self.withRoom(seed) { graph, room in
      let latest = room.memory.ends.keys.sorted()
      let counted = latest.filter { room.memory.events[$0]?.standing == .accepted }
      let expected = room.memory.behind(latest, notEntering: []).union(counted)
      let found = try await graph.history(of: room.id, upTo: latest, limit: 1000)
      #expect(Set(Self.ids(found)) == expected, "seed \(seed)")
      let few = try await graph.history(of: room.id, upTo: latest, limit: 5)
      #expect(few.count == 5)
      let deepest = expected.compactMap { room.memory.events[$0]?.event.depth }.sorted()
      #expect(few.last?.event.depth == deepest.last)
      let elsewhere = try await graph.history(
        of: try RoomFixture.room("!other:a"), upTo: latest, limit: 5)
      #expect(elsewhere.isEmpty)
    }
  }

  @Test(arguments: 0..<6)
  func authChainsAreAllThatIsCited(_ seed: Int) async throws {
    try await Self.withRoom(seed) { graph, room in
      for stored in room.memory.events.values where !stored.standing.isRejected {
        let event = StoredEvent(event: stored.event, streamOrdering: 0, writer: WriterID(raw: 1))
        let chain = try await graph.authChain(of: event)
        #expect(Set(Self.ids(chain)) == room.memory.cited(by: [stored.event]), "seed \(seed)")
      }
    }
  }

  @Test(arguments: 0..<6)
  func stateIDsAreThoseOfTheStateBefore(_ seed: Int) async throws {
    try await Self.withRoom(seed) { graph, room in
      for (id, stored) in room.memory.events {
        let answer = try present(try await graph.stateIDs(before: id), "state")
        let state = try present(stored.stateBefore, "state")
        #expect(Set(answer.state) == Set(state.values), "seed \(seed)")
        let events = state.values.compactMap { room.memory.events[$0]?.event }
        #expect(Set(answer.authChain) == room.memory.cited(by: events), "seed \(seed)")
      }
      let unknown = try present(EventID("$unknown"), "id")
      #expect(try await graph.stateIDs(before: unknown) == nil)
    }
  }

  /// A gap is told of until it is filled; one behind what was rejected is nobody's.
  @Test func backwardExtremitiesAreTheGaps() async throws {
    let federated = try FederatedRoom(seed: 1, version: .v2, steps: 40, isCalm: true)
    var full = MemoryRoom(.v2)
    for event in federated.events { try full.receive(event) }
    let (events, start) = (federated.events, federated.events.count / 2)
    try await withWorld { [full] world in
      var room = try StoredRoom(federated, in: world)
      let graph = GraphStore(database: world.database)
      try await room.receive(
        events[..<start].filter { $0.stateKey != nil }
          .map { ReceivedEvent(event: $0, kind: .outlier) })
      let first = events[start]
      try await room.receive([
        ReceivedEvent(
          event: first, kind: .live,
          toldStates: first.prevEvents.compactMap { full.events[$0]?.stateAfter })
      ])
      let gaps = try await graph.backwardExtremities(of: room.id, limit: 10)
      #expect(Set(gaps) == Set(first.prevEvents))
      #expect(try await graph.backwardExtremities(of: room.id, limit: 1).count == 1)
      for event in events[..<start] {
        try await room.receive([ReceivedEvent(event: event, kind: .history)])
      }
      #expect(try await graph.backwardExtremities(of: room.id, limit: 10).isEmpty)
    }
  }
}

extension MemoryRoom {
  /// The events that some build on, directly or not, without those that were rejected.
  fileprivate func behind(_ start: [EventID], notEntering earliest: Set<EventID>) -> Set<EventID> {
    var seen = earliest
    var found: Set<EventID> = []
    var stack = start.flatMap { events[$0]?.previous ?? [] }
    while let id = stack.popLast() {
      guard seen.insert(id).inserted, let stored = events[id] else { continue }
      if !stored.standing.isRejected { found.insert(id) }
      stack += stored.previous
    }
    return found
  }

  /// What events cite, directly or not.
  fileprivate func cited(by start: [Event]) -> Set<EventID> {
    var found: Set<EventID> = []
    var stack = start.flatMap(\.authEvents)
    while let id = stack.popLast() {
      if found.insert(id).inserted { stack += events[id]?.event.authEvents ?? [] }
    }
    return found
  }
}
