import MatrixJSON
import RoomEvents
import Testing

@Suite("Forks about who is in the room")
struct MembershipForkTests {
  static let withKnocks: [RoomVersion] = [.v7, .v10, .v12]
  static let withRestrictedJoins: [RoomVersion] = [.v8, .v10, .v12]

  static let cases: [ForkCase] = [
    ForkCase(
      title: "a ban beats a join that was sent later",
      forks: [
        [.ban("ban", Person.alice, Person.dave)],
        [.join("again", Person.dave, ["displayname": "D"])],
      ],
      expected: [ForkCase.member(Person.dave): "ban"]),
    ForkCase(
      title: "a ban of somebody who was never there beats their join",
      forks: [
        [.ban("ban", Person.alice, Person.erin)], [.join("join", Person.erin)],
      ],
      expected: [ForkCase.member(Person.erin): "ban"]),
    ForkCase(
      title: "a ban beats an invite",
      before: [.joinRule("closed", Person.alice, "invite")],
      forks: [
        [.member("invite", Person.bob, Person.erin, "invite")],
        [.ban("ban", Person.alice, Person.erin)],
      ],
      expected: [ForkCase.member(Person.erin): "ban"]),
    ForkCase(
      title: "a kick beats leaving of one's own",
      forks: [
        [.member("left", Person.dave, Person.dave, "leave")],
        [.kick("kick", Person.bob, Person.dave)],
      ],
      expected: [ForkCase.member(Person.dave): "kick"]),
    ForkCase(
      title: "what a kicked user did meanwhile is undone",
      before: [.topic("old", Person.alice)],
      forks: [
        [.kick("kick", Person.alice, Person.bob)], [.topic("new", Person.bob)],
      ],
      expected: [ForkCase.member(Person.bob): "kick", ForkCase.topic: "old"]),
    ForkCase(
      title: "the kick by a moderator who is kicked by the admin does not count",
      forks: [
        [.kick("kickCarol", Person.bob, Person.carol)],
        [.kick("kickBob", Person.alice, Person.bob)],
      ],
      expected: [ForkCase.member(Person.bob): "kickBob", ForkCase.member(Person.carol): "carol"]),
    ForkCase(
      title: "a join by rules that are closed meanwhile fails",
      forks: [
        [.joinRule("closed", Person.alice, "invite")], [.join("join", Person.erin)],
      ],
      expected: [ForkCase.member(Person.erin): nil, .joinRules: "closed"]),
    ForkCase(
      title: "a member stays although the room is closed meanwhile",
      forks: [
        [.joinRule("closed", Person.alice, "invite")],
        [.join("again", Person.dave, ["displayname": "D"])],
      ],
      expected: [ForkCase.member(Person.dave): "again", .joinRules: "closed"]),
    ForkCase(
      title: "an unban that knows the ban beats it",
      before: [.ban("ban", Person.alice, Person.dave)],
      forks: [
        [.kick("unban", Person.alice, Person.dave).at(1)], [],
      ],
      expected: [ForkCase.member(Person.dave): "unban"]),
    ForkCase(
      title: "back after an unban",
      before: [.ban("ban", Person.alice, Person.dave)],
      forks: [
        [.kick("unban", Person.alice, Person.dave), .join("back", Person.dave)], [],
      ],
      expected: [ForkCase.member(Person.dave): "back"]),
    ForkCase(
      title: "of two profile changes the later one stays",
      forks: [
        [.join("first", Person.carol, ["displayname": "1"]).at(900)],
        [.join("second", Person.carol, ["displayname": "2"]).at(800)],
      ],
      expected: [ForkCase.member(Person.carol): "first"]),
    ForkCase(
      title: "a knock on a room that is closed meanwhile fails",
      before: [.joinRule("knock", Person.alice, "knock")],
      forks: [
        [.joinRule("closed", Person.alice, "invite")],
        [.member("knocking", Person.erin, Person.erin, "knock")],
      ],
      expected: [ForkCase.member(Person.erin): nil, .joinRules: "closed"],
      versions: withKnocks),
    ForkCase(
      title: "a restricted join stands while its authoriser may invite",
      before: [
        .levels("inviters", Person.alice, [Person.bob: 50], ["invite": 50]),
        .joinRule("restricted", Person.alice, "restricted"),
      ],
      forks: [
        [.join("join", Person.erin, ["join_authorised_via_users_server": .string(Person.bob)])],
        [.topic("topic", Person.alice)],
      ],
      expected: [ForkCase.member(Person.erin): "join", ForkCase.topic: "topic"],
      versions: withRestrictedJoins),
    ForkCase(
      title: "a restricted join fails when its authoriser is demoted meanwhile",
      before: [
        .levels("inviters", Person.alice, [Person.bob: 50], ["invite": 50]),
        .joinRule("restricted", Person.alice, "restricted"),
      ],
      forks: [
        [.join("join", Person.erin, ["join_authorised_via_users_server": .string(Person.bob)])],
        [.levels("demoted", Person.alice, [Person.bob: 0], ["invite": 50])],
      ],
      expected: [ForkCase.member(Person.erin): nil, .powerLevels: "demoted"],
      versions: withRestrictedJoins),
    ForkCase(
      title: "a restricted join fails when its authoriser is kicked meanwhile",
      before: [.joinRule("restricted", Person.alice, "restricted")],
      forks: [
        [.kick("kick", Person.alice, Person.bob)],
        [.join("join", Person.erin, ["join_authorised_via_users_server": .string(Person.bob)])],
      ],
      expected: [ForkCase.member(Person.erin): nil, ForkCase.member(Person.bob): "kick"],
      versions: withRestrictedJoins),
  ]

  @Test(arguments: cases)
  func comesOut(_ fork: ForkCase) throws {
    try fork.check()
  }
}
