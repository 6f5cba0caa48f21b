import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

/// The examples by which version 2 was argued for, in proposal 1442, and what the specification
/// says of rejected events.
@Suite("Examples of proposal 1442")
struct SpecExampleTests {
  static let sinceV2: [RoomVersion] = [.v2, .v6, .v11, .v12]

  /// 1442, appendix, the state at its message 2, and from there on at its message 3.
  @Test(arguments: sinceV2)
  func demotionAndTopics(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    let start = try scenario.after([.topic("topic1", Person.alice)])
    let topic2 = try scenario.after([.topic("topic2", Person.alice)], from: start)
    let alices = try scenario.after(
      [.levels("p2", Person.alice, [Person.bob: 0])], from: topic2)
    let bobs = try scenario.after(
      [
        .levels("p3", Person.bob, [Person.bob: 50, Person.carol: 10]),
        .topic("topic3", Person.bob),
      ], from: start)
    let message2 = try scenario.resolve([alices, bobs])
    #expect(scenario.name(message2[.powerLevels]) == "p2")
    #expect(scenario.name(message2[ForkCase.topic]) == "topic2")

    let topic4 = try scenario.after([.topic("topic4", Person.alice).at(1)], from: alices)
    let message3 = try scenario.resolve([message2, topic4])
    #expect(scenario.name(message3[.powerLevels]) == "p2")
    // From version 12 on the topics alone are replayed, on an empty state: without power levels
    // there is no mainline, and the later one stays.
    let expected = version == .v12 ? "topic2" : "topic4"
    #expect(scenario.name(message3[ForkCase.topic]) == expected)
  }

  /// 1442, appendix, example 2: the topic was rejected where it was sent, as its sender had lost
  /// their power there, and comes back with that power.
  @Test(arguments: sinceV2)
  func rejectedTopic(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    let topic = try scenario.after([.topic("d", Person.bob)])
    var left = try scenario.after([.levels("c", Person.alice, [:])])
    left[ForkCase.topic] = topic[ForkCase.topic]
    scenario.reject(try #require(topic[ForkCase.topic]))
    let right = try scenario.after([.levels("e", Person.alice, [Person.bob: 60])])
    let result = try scenario.resolve([left, right])
    #expect(scenario.name(result[.powerLevels]) == "e")
    #expect(scenario.name(result[ForkCase.topic]) == "d")
  }

  /// 1442: somebody who left comes back and leaves again; a fork that knows only the first leave
  /// must not bring them back.
  @Test(arguments: sinceV2 + [.v1])
  func whoLeftStaysOut(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    let gone = try scenario.after([.member("gone", Person.dave, Person.dave, "leave")])
    let back = try scenario.after([.join("back", Person.dave)], from: gone)
    let again = try scenario.after(
      [.member("goneAgain", Person.dave, Person.dave, "leave")], from: back)
    let member = ForkCase.member(Person.dave)
    let first = try scenario.resolve([gone, again])
    // Version 1 is known for this.
    let expected = version == .v1 ? "gone" : "goneAgain"
    #expect(scenario.name(first[member]) == expected)
    let second = try scenario.resolve([first, back])
    #expect(scenario.name(second[member]) == (version == .v1 ? "back" : "goneAgain"))
  }

  /// 1442: the link between two conflicting power levels is in the auth difference.
  @Test(arguments: sinceV2 + [.v1])
  func powerHandedOnTwice(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    let first = try scenario.after([.levels("toBob", Person.alice, [Person.bob: 60])])
    let last = try scenario.after(
      [
        .levels("toCarol", Person.bob, [Person.bob: 60, Person.carol: 60]),
        .levels("byCarol", Person.carol, [Person.bob: 60, Person.carol: 60], ["ban": 60]),
      ], from: first)
    let result = try scenario.resolve([first, last])
    #expect(scenario.name(result[.powerLevels]) == (version == .v1 ? "toBob" : "byCarol"))
  }

  /// 1442, "State Resets": a known weakness that all algorithms since share.
  @Test(arguments: sinceV2)
  func topicOfSomebodyBannedLaterIsLost(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    let banned = try scenario.after([
      .topic("topic", Person.bob), .ban("ban", Person.alice, Person.bob),
    ])
    let result = try scenario.resolve([scenario.state, banned])
    #expect(scenario.name(result[ForkCase.member(Person.bob)]) == "ban")
    #expect(result[ForkCase.topic] == nil)
  }

  /// What an event cites stands in for missing state, unless it was rejected.
  @Test(arguments: [false, true])
  func rejectedAuthEventsVouchForNobody(_ isRejected: Bool) throws {
    let scenario = try Scenario(.v12)
    let entered = try scenario.after([
      .levels("all", Person.alice, [:], ["state_default": 0]), .join("erin", Person.erin),
    ])
    let topic = try scenario.after([.topic("topic", Person.erin)], from: entered)
    if isRejected { scenario.reject(try #require(entered[ForkCase.member(Person.erin)])) }
    // The topic alone is in conflict, so that it is judged by what it cites.
    var without = topic
    without[ForkCase.topic] = nil
    let result = try scenario.resolve([topic, without])
    #expect(scenario.name(result[ForkCase.topic]) == (isRejected ? nil : "topic"))
  }

  /// A rejected event is itself judged like any other.
  @Test(arguments: sinceV2)
  func rejectedEventsAreJudgedAnew(_ version: RoomVersion) throws {
    let scenario = try Scenario(version)
    let topic = try scenario.after([.topic("topic", Person.bob)])
    scenario.reject(try #require(topic[ForkCase.topic]))
    let result = try scenario.resolve([scenario.state, topic])
    #expect(scenario.name(result[ForkCase.topic]) == "topic")
  }
}
