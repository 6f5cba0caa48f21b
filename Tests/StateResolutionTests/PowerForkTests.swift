import MatrixJSON
import RoomEvents
import Testing

@Suite("Forks about power and about what it is used for")
struct PowerForkTests {
  static let cases: [ForkCase] = [
    ForkCase(
      title: "the mightier sender's power levels beat the later ones",
      forks: [
        [.levels("demoted", Person.alice, [Person.bob: 0])],
        [.levels("raised", Person.bob, [Person.bob: 50, Person.carol: 50])],
      ],
      expected: [.powerLevels: "demoted"]),
    ForkCase(
      title: "of equals the later power levels stay",
      before: [.levels("two", Person.alice, [Person.bob: 90, Person.carol: 90])],
      forks: [
        [
          .levels("first", Person.bob, [Person.bob: 90, Person.carol: 90], ["invite": 10])
            .at(900)
        ],
        [
          .levels("second", Person.carol, [Person.bob: 90, Person.carol: 90], ["invite": 20])
            .at(800)
        ],
      ],
      expected: [.powerLevels: "first"]),
    ForkCase(
      title: "at the same time the greater id stays",
      before: [.levels("two", Person.alice, [Person.bob: 90, Person.carol: 90])],
      forks: [
        [
          .levels("Z", Person.bob, [Person.bob: 90, Person.carol: 90], ["invite": 10]).at(800)
        ],
        [
          .levels("Y", Person.carol, [Person.bob: 90, Person.carol: 90], ["invite": 20]).at(800)
        ],
      ],
      expected: [.powerLevels: "Z"]),
    ForkCase(
      title: "power that was handed on counts with what handed it on",
      forks: [
        [
          .levels("toCarol", Person.bob, [Person.bob: 50, Person.carol: 50]),
          .levels(
            "byCarol", Person.carol, [Person.bob: 50, Person.carol: 50, Person.dave: 50]),
        ],
        [.topic("topic", Person.alice)],
      ],
      expected: [.powerLevels: "byCarol", ForkCase.topic: "topic"]),
    ForkCase(
      title: "power that was handed on falls with who handed it on",
      forks: [
        [
          .levels("toCarol", Person.bob, [Person.bob: 50, Person.carol: 50]),
          .topic("carols", Person.carol),
        ],
        [.levels("demoted", Person.alice, [Person.bob: 0])],
      ],
      expected: [.powerLevels: "demoted", ForkCase.topic: nil]),
    ForkCase(
      title: "the later topic stays",
      forks: [
        [.topic("early", Person.bob).at(800)], [.topic("late", Person.alice).at(900)],
      ],
      expected: [ForkCase.topic: "late"]),
    ForkCase(
      title: "of topics at the same time the greater id stays",
      forks: [
        [.topic("Y", Person.bob).at(800)], [.topic("Z", Person.alice).at(800)],
      ],
      expected: [ForkCase.topic: "Z"]),
    ForkCase(
      title: "a topic by newer power levels beats one with a later time",
      forks: [
        [
          .levels("newer", Person.alice, [Person.bob: 50, Person.carol: 10]),
          .topic("newAge", Person.bob).at(50),
        ],
        [.topic("oldAge", Person.bob).at(900)],
      ],
      expected: [ForkCase.topic: "newAge", .powerLevels: "newer"]),
    ForkCase(
      title: "the mightier sender's join rule is judged first and replaced",
      forks: [
        [.joinRule("closed", Person.alice, "invite")],
        [.joinRule("open", Person.bob, "public").at(1)],
      ],
      expected: [.joinRules: "open"]),
    ForkCase(
      title: "a join rule by somebody who is demoted meanwhile fails",
      before: [.joinRule("closed", Person.alice, "invite")],
      forks: [
        [.joinRule("open", Person.bob, "public")],
        [.levels("demoted", Person.alice, [Person.bob: 0])],
      ],
      expected: [.joinRules: "closed", .powerLevels: "demoted"]),
    ForkCase(
      title: "three forks",
      forks: [
        [.topic("bobs", Person.bob)], [.kick("kick", Person.alice, Person.bob)],
        [.joinRule("closed", Person.alice, "invite"), .topic("alices", Person.alice).at(1)],
      ],
      expected: [
        ForkCase.topic: "alices", ForkCase.member(Person.bob): "kick", .joinRules: "closed",
      ]),
  ]

  @Test(arguments: cases)
  func comesOut(_ fork: ForkCase) throws {
    try fork.check()
  }
}
