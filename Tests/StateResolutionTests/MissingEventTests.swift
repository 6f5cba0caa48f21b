import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution
import Testing

@Suite("Events that are not at hand")
struct MissingEventTests {
  /// Rounds of loading that a room with a few power levels may take.
  private static let rounds = 8

  /// What a resolution asks for, round by round, until it comes to its result.
  private func load(
    _ states: [StateMap], _ version: RoomVersion, _ events: [EventID: Event]
  ) throws -> (result: StateMap, asked: [[EventID]]) {
    let algorithm = version.rules.stateResolution
    let conflict = StateConflict(states, algorithm: algorithm)
    let chains = try AuthGraph(events.values).chainConflict(of: conflict)
    var loaded = ResolutionEvents()
    var asked: [[EventID]] = []
    while asked.count < Self.rounds {
      do throws(ResolutionError) {
        let found = try resolve(conflict, algorithm: algorithm, chains: chains, events: loaded)
        return (conflict.merged(found), asked)
      } catch {
        guard case .missingEvents(let ids) = error else { throw error }
        #expect(!ids.isEmpty && ids == ids.sorted())
        for id in ids { loaded.add(try #require(events[id])) }
        asked.append(ids)
      }
    }
    throw TestFailure(what: "more than \(Self.rounds) rounds")
  }

  @Test(arguments: [RoomVersion.v1, .v6, .v12])
  func loadingWhatIsMissingLeadsToTheResult(_ version: RoomVersion) throws {
    for seed in 0..<RandomTests.checks {
      let room = try RandomRoom(seed: seed, version: version, isHonest: true)
      let events = Dictionary(uniqueKeysWithValues: room.events.map { ($0.eventID, $0) })
      let (result, _) = try load(room.states, version, events)
      let expected = try room.input(version.rules.stateResolution).resolve(room.states)
      #expect(result == expected, "seed \(seed)")
    }
  }

  /// The work goes with the conflict: neither the members count for one about a topic, nor how
  /// often the power levels were changed.
  @Test(arguments: [RoomVersion.v6, .v12])
  func littleIsLoadedForALittleConflict(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    var base = scenario.state
    for number in 0..<100 {
      try scenario.send(.join("m\(number)", "@m\(number):a"), to: &base)
      let level = JSON.integer(Int64(50 + number % 2))
      try scenario.send(.levels("p\(number)", Person.alice, [Person.bob: level]), to: &base)
    }
    let left = try scenario.after([.topic("left", Person.bob)], from: base)
    let right = try scenario.after(
      [.levels("last", Person.alice, [Person.bob: 60]), .topic("right", Person.bob).at(1)],
      from: base)
    let (result, asked) = try load([left, right], version, scenario.events)
    #expect(scenario.name(result[ForkCase.topic]) == "right")
    // Three of the conflict, the power levels before it, two members, the create event.
    #expect(Set(asked.joined()).count <= 8)
    #expect(asked.count == 2)
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
