import MatrixIdentifiers
import RoomEvents
import StateResolution
import Testing

@Suite("Events that are not at hand")
struct MissingEventTests {
  /// Rounds of loading that a room with a few power levels may take.
  private static let rounds = 8

  @Test(arguments: [RoomVersion.v1, .v6, .v12])
  func loadingWhatIsMissingLeadsToTheResult(_ version: RoomVersion) throws {
    let algorithm = version.rules.stateResolution
    for seed in 0..<RandomTests.checks {
      let room = try RandomRoom(seed: seed, version: version, isHonest: true)
      let events = Dictionary(uniqueKeysWithValues: room.events.map { ($0.eventID, $0) })
      let conflict = StateConflict(room.states, algorithm: algorithm)
      let chains = try AuthGraph(room.events).chainConflict(of: conflict)
      var loaded = ResolutionEvents()
      var result: StateMap?
      for _ in 0..<Self.rounds where result == nil {
        do throws(ResolutionError) {
          result = conflict.merged(
            try resolve(conflict, algorithm: algorithm, chains: chains, events: loaded))
        } catch {
          guard case .missingEvents(let ids) = error else { throw error }
          #expect(!ids.isEmpty && ids == ids.sorted())
          for id in ids { loaded.add(try #require(events[id])) }
        }
      }
      #expect(try result == room.input(algorithm).resolve(room.states), "seed \(seed)")
    }
  }

  @Test(arguments: [RoomVersion.v6, .v12])
  func eventsThatNobodyHasAreLeftOut(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    let topic = try scenario.after([.topic("topic", Person.bob)])
    let name = try scenario.after([.topic("other", Person.carol).forced])
    let lost = try #require(scenario.state[ForkCase.member(Person.bob)])
    let known = scenario.events.values.filter { $0.eventID != lost }

    #expect(throws: ResolutionError.missingEvents([lost])) {
      try AuthGraph(known)
    }
    let graph = try AuthGraph(known, unobtainable: [lost])
    var loaded = ResolutionEvents(known)
    #expect(throws: ResolutionError.missingEvents([lost])) {
      try resolve([topic, name], version: version, events: loaded, graph: graph)
    }
    loaded.addUnobtainable(lost)
    let result = try resolve([topic, name], version: version, events: loaded, graph: graph)
    // Bob's topic has no member to vouch for it, and Carol was never allowed to set one.
    #expect(result[ForkCase.topic] == nil)
    #expect(result[ForkCase.member(Person.bob)] == lost)
  }

  @Test func conflictOutsideTheGraphIsMissing() throws {
    let scenario = try Scenario(.v12)
    let graph = try AuthGraph(scenario.events.values)
    let topic = try scenario.after([.topic("topic", Person.bob)])
    let id = try #require(topic[ForkCase.topic])
    #expect(throws: ResolutionError.missingEvents([id])) {
      try resolve(
        [scenario.state, topic], version: .v12, events: ResolutionEvents(), graph: graph)
    }
  }
}
