import Glibc
import MatrixIdentifiers
import RoomEvents
import StateResolution
import Synchronization
import TestKit
import Testing

/// Rooms made from seeds. A failure names the seed and the version, which make the room again.
@Suite("Random rooms")
struct RandomTests {
  struct Rules: CustomTestStringConvertible, Sendable {
    let version: RoomVersion
    let algorithm: StateResolutionAlgorithm

    init(_ version: RoomVersion, _ algorithm: StateResolutionAlgorithm? = nil) {
      self.version = version
      self.algorithm = algorithm ?? version.rules.stateResolution
    }

    var testDescription: String { "room version \(version), algorithm \(algorithm)" }
  }

  /// The versions as they are, and some with another's algorithm.
  static let rules = [
    Rules(.v1), Rules(.v2), Rules(.v6), Rules(.v11), Rules(.v12), Rules(.v10, .v2Point1),
    Rules(.v12, .v2), Rules(.v10, .v1),
  ]

  static let isLong = getenv("APUS_LONG_TESTS") != nil
  /// Of rooms for each element of `rules`: in the long test 100,000 beside those of room version
  /// 1's algorithm.
  static let comparisons =
    isLong ? 100_000 / rules.count { $0.algorithm != .v1 } + 1 : 250
  static let checks = isLong ? 2_000 : 25

  private func rooms(
    _ count: Int, _ rules: Rules, isHonest: Bool, _ check: (RandomRoom) throws -> Void
  ) throws {
    for seed in 0..<count {
      let room = try RandomRoom(seed: seed, version: rules.version, isHonest: isHonest)
      do {
        try check(room)
      } catch {
        Issue.record("seed \(seed), \(rules.testDescription): \(error)")
      }
    }
  }

  @Test(arguments: rules)
  func agreesWithTheSpecificationsWords(_ rules: Rules) throws {
    var conflicts = 0
    try rooms(Self.comparisons, rules, isHonest: false) { room in
      let input = room.input(rules.algorithm)
      let result = try input.resolve(room.states)
      #expect(
        result == input.reference(room.states), "seed \(room.seed), \(rules.testDescription)")
      if Set(room.states).count > 1 { conflicts += 1 }
    }
    // Otherwise the rooms are not worth much.
    #expect(conflicts > Self.comparisons * 3 / 4)
  }

  /// How far the result of the text taken at its word is from that of servers: in few rooms, and in
  /// the long test each departure in some. That test tells their seeds.
  @Test(arguments: [Rules(.v2), Rules(.v11), Rules(.v12)])
  func departuresFromTheTextAreFew(_ rules: Rules) throws {
    var seeds: [Departure: [Int]] = [:]
    var different = 0
    try rooms(Self.comparisons, rules, isHonest: false) { room in
      func reference(without departures: Set<Departure>) -> StateMap {
        Reference(
          events: room.events, rejected: room.rejected,
          departures: Set(Departure.allCases).subtracting(departures)
        ).resolve(room.states, rules.algorithm)
      }
      let agreed = reference(without: [])
      if reference(without: Set(Departure.allCases)) != agreed { different += 1 }
      for departure in Departure.allCases where reference(without: [departure]) != agreed {
        seeds[departure, default: []].append(room.seed)
      }
    }
    #expect(different * 10 < Self.comparisons, "\(rules.testDescription): \(different)")
    if Self.isLong { print("\(rules.testDescription): \(different) rooms, \(seeds)") }
    if Self.isLong, rules.algorithm == .v2 {
      #expect(Set(seeds.keys) == Set(Departure.allCases))
    }
  }

  @Test(arguments: rules.filter { $0.algorithm != .v1 })
  func chainsAreTheSpecifications(_ rules: Rules) throws {
    var differences = 0
    var subgraphs = 0
    try rooms(Self.comparisons / 4, rules, isHonest: false) { room in
      let conflict = StateConflict(room.states, algorithm: rules.algorithm)
      let chains = try AuthGraph(room.events).chainConflict(of: conflict)
      let reference = Reference(events: room.events, rejected: [])
      let (_, conflicted) = reference.split(room.states)
      let subgraph = reference.conflictedStateSubgraph(conflicted)
      #expect(
        chains.difference == reference.authDifference(room.states, holdsStates: false),
        "seed \(room.seed)")
      // Events that nothing leads to or from are in the conflicted state set anyway.
      #expect(chains.subgraph.union(conflicted) == subgraph.union(conflicted), "seed \(room.seed)")
      if !chains.difference.isEmpty { differences += 1 }
      if !subgraph.subtracting(conflicted).subtracting(chains.difference).isEmpty {
        subgraphs += 1
      }
    }
    #expect(differences > 0 && subgraphs > 0)
  }

  @Test(arguments: rules)
  func everyOrderOfTheStatesGivesOneResult(_ rules: Rules) throws {
    try rooms(Self.checks, rules, isHonest: false) { room in
      var random = SeededRandom(UInt64(room.seed))
      let input = room.input(rules.algorithm)
      let result = try input.resolve(room.states)
      for _ in 0..<3 {
        let shuffled = room.states.shuffled(using: &random)
        #expect(try input.resolve(shuffled) == result, "seed \(room.seed)")
      }
      // Nor does it matter how often a state is given.
      #expect(try input.resolve(room.states + room.states) == result, "seed \(room.seed)")
    }
  }

  @Test(arguments: rules)
  func resolvingAResultChangesNothing(_ rules: Rules) throws {
    try rooms(Self.checks, rules, isHonest: false) { room in
      let input = room.input(rules.algorithm)
      let result = try input.resolve(room.states)
      #expect(try input.resolve([result]) == result, "seed \(room.seed)")
      #expect(try input.resolve([result, result, result]) == result, "seed \(room.seed)")
      for state in room.states { #expect(try input.resolve([state, state]) == state) }
    }
  }

  /// What all forks agree on stays, and what was in conflict comes from the events that were.
  @Test(arguments: rules)
  func resultIsMadeOfItsInput(_ rules: Rules) throws {
    try rooms(Self.checks, rules, isHonest: false) { room in
      let result = try room.input(rules.algorithm).resolve(room.states)
      let conflict = StateConflict(room.states, algorithm: rules.algorithm)
      let chains = try AuthGraph(room.events).chainConflict(of: conflict)
      let judged = Set(room.states.flatMap(\.values)).union(chains.difference)
        .union(chains.subgraph)
      for key in Set(room.states.flatMap(\.keys)) {
        if let agreed = conflict.unconflicted(key) {
          #expect(result[key] == agreed, "seed \(room.seed)")
        }
      }
      #expect(judged.isSuperset(of: result.values), "seed \(room.seed)")
    }
  }

  /// Version 2.1 is there to differ from 2 where servers' states are off; among honest servers
  /// it seldom does.
  @Test func v2Point1DiffersFromV2() throws {
    var different = 0
    try rooms(Self.comparisons, Rules(.v11), isHonest: false) { room in
      let states = room.states
      if try room.input(.v2).resolve(states) != room.input(.v2Point1).resolve(states) {
        different += 1
      }
    }
    #expect(different > 0)
  }

  @Test func sameSeedMakesTheSameRoom() throws {
    let first = try RandomRoom(seed: 7, version: .v11, isHonest: false)
    let second = try RandomRoom(seed: 7, version: .v11, isHonest: false)
    #expect(first.events.map(\.bytes) == second.events.map(\.bytes))
    #expect(first.states == second.states)
  }
}
