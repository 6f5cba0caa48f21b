import Glibc
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution
import Testing

/// The time of this thread alone, so that other work on the machine does not count.
private func threadMicroseconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
  return Double(now.tv_sec) * 1e6 + Double(now.tv_nsec) / 1e3
}

/// For release builds: without optimisation the times say nothing.
@Suite("Speed", .serialized, .enabled(if: getenv("APUS_SPEED") != nil))
struct SpeedTests {
  private static let runs = 7

  private func best(_ work: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<Self.runs {
      let start = threadMicroseconds()
      try work()
      best = min(best, threadMicroseconds() - start)
    }
    return best
  }

  private func report(_ what: String, _ microseconds: Double, limit: Double) {
    print("\(what): \(Int(microseconds)) us")
    #expect(microseconds < limit, "\(what)")
  }

  /// Ten differences: a ban, a kick, three profiles, two joins, topic, name and power levels.
  @Test(arguments: [RoomVersion.v11, .v12])
  func forksOfALargeRoom(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    var base = scenario.state
    for number in 0..<10_000 { try scenario.send(.join("m\(number)", "@m\(number):a"), to: &base) }
    let left = try scenario.after(
      [
        .ban("ban", Person.alice, "@m5:a"), .topic("topic", Person.bob),
        .join("p1", "@m1:a", ["displayname": "1"]), .join("p2", "@m2:a", ["displayname": "2"]),
        .join("new1", "@new1:a"),
      ], from: base)
    let right = try scenario.after(
      [
        .kick("kick", Person.bob, Person.carol),
        .levels("levels2", Person.alice, [Person.bob: 50, Person.dave: 50]),
        Step(name: "name", sender: Person.dave, type: EventType.name, content: [:]),
        .join("p3", "@m5:a", ["displayname": "3"]), .join("new2", "@new2:a"),
      ], from: base)
    let input = ResolutionInput(
      events: Array(scenario.events.values), rejected: [], version: version,
      algorithm: version.rules.stateResolution)
    let loaded = input.loaded
    let graph = try AuthGraph(input.events)
    var result: StateMap = [:]
    let whole = try best {
      result = try input.resolve([left, right], loaded: loaded, graph: graph)
    }
    #expect(result.count == base.count + 4)
    #expect(scenario.name(result[ForkCase.member("@m5:a")]) == "ban")
    report("10 differences among 10,000 members, version \(version)", whole, limit: 5_000)

    let keys = Set(base.keys).union(left.keys).union(right.keys).filter { left[$0] != right[$0] }
    var differing: [StateTuple: [EventID?]] = [:]
    for key in keys { differing[key] = [left[key], right[key]] }
    let known = try best {
      let conflict = StateConflict(
        shared: left, differing: differing, forkCount: 2, algorithm: input.algorithm)
      let resolved = try resolve(
        conflict, algorithm: input.algorithm, chains: graph.chainConflict(of: conflict),
        events: loaded)
      #expect(resolved.count <= keys.count)
    }
    report("the same with known differences, version \(version)", known, limit: 500)
  }

  @Test(arguments: [RoomVersion.v11, .v12])
  func twoHundredPowerEvents(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    let moderators: [String: JSON] = [Person.bob: 90, Person.carol: 90]
    var base = try scenario.after([.levels("two", Person.alice, moderators)])
    for number in 0..<100 { try scenario.send(.join("m\(number)", "@m\(number):a"), to: &base) }
    let states = try [(0, Person.bob), (1, Person.carol)].map { fork, sender in
      var users = moderators
      var steps: [Step] = []
      for number in 0..<50 {
        users["@p\(fork)-\(number):a"] = 10
        steps.append(.levels("levels\(fork)-\(number)", sender, users))
        steps.append(.ban("ban\(fork)-\(number)", sender, "@m\(fork * 50 + number):a"))
      }
      return try scenario.after(steps, from: base)
    }
    let input = ResolutionInput(
      events: Array(scenario.events.values), rejected: [], version: version,
      algorithm: version.rules.stateResolution)
    let loaded = input.loaded
    let graph = try AuthGraph(input.events)
    var result: StateMap = [:]
    let time = try best { result = try input.resolve(states, loaded: loaded, graph: graph) }
    #expect(scenario.name(result[ForkCase.member("@m99:a")]) == "ban1-49")
    report("200 power events, version \(version)", time, limit: 50_000)
  }
}
