import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution
import Testing

/// The examples by which version 2.1 was argued for, in proposal 4297. In all of them one server
/// tells a state that is older than its events' auth chains.
@Suite("Examples of proposal 4297")
struct Version2Point1Tests {
  /// Problem A: one fork's state has an old join rule, and its sender has left in both.
  @Test(
    arguments: [RoomVersion.v11, .v12],
    [StateResolutionAlgorithm.v2, .v2Point1])
  func unconflictedStateForbidsTheConflicting(
    _ version: RoomVersion, _ algorithm: StateResolutionAlgorithm
  ) throws {
    let scenario = try Scenario(version)
    let state = try scenario.after([
      .joinRule("second", Person.alice, "invite"),
      .member("left", Person.alice, Person.alice, "leave"),
    ])
    var stale = state
    stale[.joinRules] = scenario.state[.joinRules]
    let result = try scenario.resolve([state, stale], algorithm)
    #expect(scenario.name(result[.joinRules]) == (algorithm == .v2 ? nil : "second"))
    #expect(scenario.name(result[ForkCase.member(Person.alice)]) == "left")
  }

  /// Problem B: one fork's state has old power levels, though its auth chain knows the new
  /// ones, so that what lies between is not in the auth difference.
  @Test(
    arguments: [RoomVersion.v11, .v12],
    [StateResolutionAlgorithm.v2, .v2Point1])
  func unconflictedEventsBetweenTheConflicting(
    _ version: RoomVersion, _ algorithm: StateResolutionAlgorithm
  ) throws {
    let scenario = try Scenario(version)
    let old = try scenario.after([.levels("first", Person.alice, [:])])
    let state = try scenario.after(
      [
        .levels("toBob", Person.alice, [Person.bob: 50]),
        .levels("toCarol", Person.bob, [Person.bob: 50, Person.carol: 50]),
        .join("erin", Person.erin),
      ], from: old)
    var stale = state
    stale[.powerLevels] = old[.powerLevels]
    let result = try scenario.resolve([state, stale], algorithm)
    #expect(scenario.name(result[.powerLevels]) == (algorithm == .v2 ? "first" : "toCarol"))
    #expect(scenario.name(result[ForkCase.member(Person.erin)]) == "erin")
  }
}
