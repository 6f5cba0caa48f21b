import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution
import Testing

@Suite("Bounds and hostile graphs")
struct LimitTests {
  private static let links = 3_000
  /// Less than any call takes that does something.
  private static let bytesPerLink = 100

  private func id(_ text: String) throws -> EventID {
    try #require(EventID("$" + text))
  }

  /// Two power levels events that cite each other, which ids chosen by servers make possible.
  private func circle(_ maker: EventMaker) throws -> [Event] {
    let (one, two) = (try id("one:a"), try id("two:a"))
    return try [(one, two), (two, one)].map { own, other in
      try maker.make(
        EventMaker.Draft(
          id: own.text, sender: Person.alice, type: EventType.powerLevels, stateKey: "",
          cited: [other]))
    }
  }

  @Test func circlesAreFound() throws {
    let scenario = try Scenario(.v2)
    let circle = try circle(scenario.maker)
    let all = Array(scenario.events.values) + circle
    #expect(throws: ResolutionError.authCycle) { try AuthGraph(all) }

    let none = ChainConflict(difference: [], subgraph: [])
    for (key, differing) in [
      (StateTuple.powerLevels, [circle[0].eventID, circle[1].eventID]),
      (StateTuple("topic"), [try id("three:a"), nil]),
    ] {
      var events = ResolutionEvents(all)
      events.add(
        try scenario.maker.make(
          EventMaker.Draft(
            id: "$three:a", sender: Person.alice, type: "topic", stateKey: "",
            cited: [circle[0].eventID])))
      let conflict = StateConflict(
        shared: scenario.state, differing: [key: differing], forkCount: 2, algorithm: .v2)
      #expect(throws: ResolutionError.authCycle) {
        try resolve(conflict, algorithm: .v2, chains: none, events: events)
      }
    }
  }

  @Test func eventsOfAnotherRoomAreRefused() throws {
    let scenario = try Scenario(.v6)
    let topic = try scenario.after([.topic("topic", Person.alice)])
    let foreign = try EventMaker(.v11, room: "!other:a").make(
      EventMaker.Draft(id: "$foreign", sender: Person.alice, type: EventType.topic, stateKey: ""))
    var other = scenario.state
    other[ForkCase.topic] = foreign.eventID
    let all = Array(scenario.events.values) + [foreign]
    // Whichever is looked at second is the one of another room.
    #expect {
      try resolve(
        [topic, other], version: .v6, events: ResolutionEvents(all), graph: AuthGraph(all))
    } throws: { error in
      guard case .otherRoom? = error as? ResolutionError else { return false }
      return true
    }
  }

  @Test func tooManyEventsAreRefused() throws {
    let count = ResolutionLimit.fullConflictedSet.maximum + 1
    let difference = Set(try (0..<count).map { try id("\($0)") })
    let conflict = StateConflict(
      shared: [:], differing: [ForkCase.topic: [try id("0"), try id("1")]], forkCount: 2,
      algorithm: .v2)
    #expect(throws: ResolutionError.tooLarge(.fullConflictedSet)) {
      try resolve(
        conflict, algorithm: .v2,
        chains: ChainConflict(difference: difference, subgraph: []), events: ResolutionEvents())
    }
  }

  /// More forks than bits in a word.
  @Test(arguments: [RoomVersion.v6, .v12])
  func manyForks(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    let states = try (0..<150).map { number in
      try scenario.after([
        .levels("levels\(number)", Person.alice, [Person.bob: .integer(Int64(50 + number % 3))]),
        .topic("topic\(number)", Person.bob),
      ])
    }
    let result = try scenario.resolve(states)
    #expect(scenario.name(result[.powerLevels]) == "levels149")
    #expect(scenario.name(result[ForkCase.topic]) == "topic149")
  }

  /// An auth chain longer than the stack has room for, if anything were called for each link.
  @Test(arguments: [RoomVersion.v2, .v12])
  func longChains(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    var events = Array(scenario.events.values)
    var state = scenario.state
    var ids: [EventID] = []
    for number in 0..<Self.links {
      var draft = EventMaker.Draft(
        id: "$chain\(number)" + (version == .v2 ? ":a" : ""), sender: Person.alice,
        type: EventType.powerLevels, stateKey: "", timestamp: Int64(100 + number))
      draft.content =
        version.rules.creatorsArePrivileged
        ? ["ban": 50] : ["ban": 50, "users": [Person.alice: 100]]
      draft.cited = [StateTuple.powerLevels, .create, ForkCase.member(Person.alice)].compactMap {
        version.rules.roomIDIsCreateHash && $0 == .create ? nil : state[$0]
      }
      let event = try scenario.maker.make(draft)
      state[.powerLevels] = event.eventID
      events.append(event)
      ids.append(event.eventID)
    }
    var old = state
    old[.powerLevels] = ids[0]
    let states = [old, state]
    let result = try onStack(ofBytes: Self.links * Self.bytesPerLink) { [events] in
      try resolve(
        states, version: version, events: ResolutionEvents(events), graph: AuthGraph(events))
    }
    #expect(result[.powerLevels] == ids.last)
  }
}
