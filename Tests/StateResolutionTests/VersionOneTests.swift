import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution
import Testing

/// spec: rooms/v1#state-resolution
@Suite("Room version 1")
struct VersionOneTests {
  private func result(
    before: [Step] = [], _ forks: [[Step]], _ key: StateTuple
  ) throws -> String? {
    let scenario = try Scenario(.v1)
    let start = try scenario.after(before)
    let states = try forks.map { try scenario.after($0, from: start) }
    return scenario.name(try scenario.resolve(states)[key])
  }

  @Test func powerLevelsAreAppliedFromTheShallowestOn() throws {
    let forks: [[Step]] = [
      [.levels("deep", Person.alice, [Person.bob: 50, Person.carol: 10]).deep(900)],
      [.levels("shallow", Person.alice, [Person.bob: 50]).deep(800)],
    ]
    #expect(try result(forks, .powerLevels) == "deep")
  }

  @Test func theFirstRefusedEventEndsAPass() throws {
    let forks: [[Step]] = [
      [.levels("demoted", Person.alice, [:]).deep(700)],
      [.levels("refused", Person.bob, [Person.bob: 50, Person.carol: 10]).deep(800)],
      [.levels("unseen", Person.alice, [Person.bob: 50, Person.dave: 10]).deep(900)],
    ]
    #expect(try result(forks, .powerLevels) == "demoted")
  }

  @Test func joinRulesAreJudgedByTheResolvedPowerLevels() throws {
    let forks: [[Step]] = [
      [
        .levels("demoted", Person.alice, [:]).deep(800),
        .joinRule("alices", Person.alice, "invite").deep(801),
      ],
      [.joinRule("bobs", Person.bob, "invite").deep(900)],
    ]
    #expect(try result(forks, .joinRules) == "alices")
  }

  @Test func membersAreJudgedByTheResolvedJoinRules() throws {
    let forks: [[Step]] = [
      [
        .joinRule("closed", Person.alice, "invite").deep(700),
        .member("invited", Person.alice, Person.erin, "invite").deep(800),
      ],
      [.join("joined", Person.erin).deep(900)],
    ]
    #expect(try result(forks, ForkCase.member(Person.erin)) == "joined")
    #expect(try result(forks, .joinRules) == "closed")
  }

  @Test func aBanOfLessDepthHolds() throws {
    let forks: [[Step]] = [
      [.ban("ban", Person.alice, Person.dave).deep(800)],
      [.join("again", Person.dave).deep(900)],
    ]
    #expect(try result(forks, ForkCase.member(Person.dave)) == "ban")
  }

  @Test func ofOtherEventsTheDeepestAllowedStands() throws {
    let forks: [[Step]] = [
      [.topic("alices", Person.alice).deep(800)],
      [.topic("bobs", Person.bob).deep(900), .levels("demoted", Person.alice, [:])],
    ]
    let levels: [[Step]] = [forks[0], [.topic("bobs", Person.bob).deep(900)]]
    #expect(try result(levels, ForkCase.topic) == "bobs")
    #expect(try result(forks, ForkCase.topic) == "alices")
  }

  @Test func whereNoneIsAllowedTheShallowestStands() throws {
    let forks: [[Step]] = [
      [.topic("first", Person.bob).deep(800)],
      [.topic("second", Person.bob).deep(900), .levels("demoted", Person.alice, [:])],
    ]
    #expect(try result(forks, ForkCase.topic) == "first")
  }

  @Test func eventsInOneForkOnlyAreTakenUnseen() throws {
    let forks: [[Step]] = [
      [.join("join", Person.erin)], [.joinRule("closed", Person.alice, "invite")],
    ]
    #expect(try result(forks, ForkCase.member(Person.erin)) == "join")
  }

  /// Of the digests of `$one:a` and `$two:a` the latter is the lesser.
  @Test func equalDepthIsDecidedByTheDigestOfTheID() throws {
    let one = Hex.encode(SHA1.hash(Array("$one:a".utf8)))
    let two = Hex.encode(SHA1.hash(Array("$two:a".utf8)))
    let forks: [[Step]] = [
      [.topic("one", Person.alice).deep(900)], [.topic("two", Person.alice).deep(900)],
    ]
    #expect(try result(forks, ForkCase.topic) == (one < two ? "one" : "two"))
  }

  @Test func digestIsSHA1() {
    #expect(
      Hex.encode(SHA1.hash(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    #expect(Hex.encode(SHA1.hash([])) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
  }
}
