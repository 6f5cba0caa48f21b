import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import PushRules

@Suite struct RoomAudienceTests {
  private func audience(_ users: [UserID: PushRuleset]) -> RoomAudience {
    var audience = RoomAudience(room, memberCount: 0, rulesAsOf: 0)
    for (user, rules) in users {
      audience.insert(
        user, displayName: nil, rules: rules.isPlain ? nil : CompiledRuleset(rules))
    }
    return audience
  }

  /// Every user's verdict by the room's audience, against the naive evaluation of the rules as
  /// their clients see them.
  @Test(arguments: 0..<60)
  func agreesWithTheNaiveEvaluation(seed: Int) throws {
    var random = SeededRandom(UInt64(seed))
    let names = [nil, "Alice Smith", "tea", "日本", "Ärger", "🎉", "", "a_b", "t*"]
    let users = ["alice", "bob", "carol", "tea", "x", "a_b"].compactMap { UserID("@\($0):test") }
    var rulesets: [UserID: PushRuleset] = [:]
    var displayNames: [UserID: String] = [:]
    var audience = RoomAudience(room, memberCount: 0, rulesAsOf: 0)
    for user in users {
      let rules = random.chance(50) ? PushRuleset() : random.ruleset()
      rulesets[user] = rules
      displayNames[user] = random.pick(names)
      audience.insert(
        user, displayName: displayNames[user],
        rules: rules.isPlain ? nil : CompiledRuleset(rules))
    }
    let level = Int64(random.below(3) * 50)
    let levels = try powerLevels(users: [bob: level], room: random.chance(50) ? 100 : nil)
    let required: Int64 = levels.requiredForNotification("room")
    var follows: [UserID: Bool] = [:]
    for _ in 0..<60 {
      let (type, content, sender, stateKey) = random.event(users: users)
      let event = try makeEvent(type, content: content, sender: sender, stateKey: stateKey)
      let members = 1 + random.below(4)
      let push = audience.evaluate(
        event, try context(members: members, levels), ignoring: [], outsiders: [:])
      for turn in push.turns { follows[turn.user] = turn.follows }
      var seen = JSON(event.json)
      seen["event_id"] = .string(event.eventID.text)
      let naive = NaiveEvaluator(
        event: seen, memberCount: members, senderLevel: levels.level(of: sender),
        notificationLevels: ["room": required])
      for user in users where user != sender {
        let rendered = (rulesets[user] ?? PushRuleset()).rendered(for: user)
        let rules = JSON(try JSONDocument(rendered).root)["global"] ?? nil
        let expected = naive.actions(rules, displayName: displayNames[user])
          .flatMap { PushActionList($0).ifNotifying }
        let actual = push.actions(for: user, follows: follows[user] ?? true)
        #expect(actual == expected, "\(user) \(String(decoding: event.bytes, as: UTF8.self))")
      }
    }
  }

  @Test func nothingIsSaidOfMembersWhoseRulesAreTheUsualOnesHere() throws {
    let muted = try ruleset(put(.room, "!other:test", ["actions": []]))
    var audience = audience([alice: muted, bob: PushRuleset(), carol: PushRuleset()])
    let push = audience.evaluate(
      try makeEvent(), try context(), ignoring: [], outsiders: [:])
    #expect(push == EventPush(shared: .notify))
  }

  @Test func whoMutedTheRoomIsNamedOnceOnly() throws {
    let muted = try ruleset(
      put(
        .override, "!room:test",
        [
          "actions": [],
          "conditions": [["kind": "event_match", "key": "room_id", "pattern": "!room:test"]],
        ]))
    let mentionsOnly = try ruleset(put(.room, "!room:test", ["actions": []]))
    var audience = audience([alice: muted, bob: PushRuleset(), carol: mentionsOnly])
    let event = try makeEvent()
    let first = audience.evaluate(event, try context(), ignoring: [], outsiders: [:])
    #expect(first.shared == .notify)
    #expect(first.differences.isEmpty)
    #expect(
      first.turns == [.init(user: alice, follows: false), .init(user: carol, follows: false)])
    let second = audience.evaluate(event, try context(), ignoring: [], outsiders: [:])
    #expect(second == EventPush(shared: .notify))
    let mention = try makeEvent(
      content: ["body": "x", "m.mentions": ["user_ids": ["@alice:test", "@carol:test"]]])
    let third = audience.evaluate(mention, try context(), ignoring: [], outsiders: [:])
    #expect(third.differences.map(\.user) == [carol])
    #expect(third.differences.map(\.follows) == [false])
    audience.setRules(nil, of: carol)
    let fourth = audience.evaluate(event, try context(), ignoring: [], outsiders: [:])
    #expect(fourth.turns == [.init(user: carol, follows: true)])
  }

  @Test func whoIgnoresTheSenderHearsNothing() throws {
    var audience = audience([alice: PushRuleset(), bob: PushRuleset(), carol: PushRuleset()])
    let push = audience.evaluate(
      try makeEvent(content: ["body": "alice", "m.mentions": ["user_ids": ["@alice:test"]]]),
      try context(), ignoring: [alice], outsiders: [:])
    #expect(push.actions(for: alice, follows: true) == nil)
    #expect(push.actions(for: carol, follows: true) == .notify)
  }

  @Test func invitationsReachThoseWhoAreNotInTheRoom() throws {
    var audience = audience([bob: PushRuleset()])
    let event = try makeEvent(
      "m.room.member", content: ["membership": "invite"], stateKey: "@alice:test")
    let outsider = PushOutsider(rules: nil, follows: true)
    let push = audience.evaluate(
      event, try context(), ignoring: [], outsiders: [alice: outsider])
    #expect(push.shared == nil)
    #expect(push.differences.map(\.user) == [alice])
    #expect(push.differences.first?.actions == PredefinedRule.inviteForMe.actions)
    #expect(audience.apply(event, previousMembership: nil, outsiders: [alice: outsider]) == nil)
    let ignored = audience.evaluate(
      event, try context(), ignoring: [alice], outsiders: [alice: outsider])
    #expect(ignored.isSilent)
  }

  @Test func membersComeAndGo() throws {
    var audience = audience([bob: PushRuleset()])
    let outsider = PushOutsider(rules: nil, follows: true)
    func member(_ membership: String, _ name: String? = nil) throws -> Event {
      var content: JSON = ["membership": .string(membership)]
      if let name { content["displayname"] = .string(name) }
      return try makeEvent(
        "m.room.member", content: content, sender: alice, stateKey: alice.text)
    }
    let message = try makeEvent(content: ["body": "hi Ally"])
    func isNamed() throws -> Bool {
      !audience.evaluate(message, try context(), ignoring: [], outsiders: [:]).differences.isEmpty
    }
    #expect(
      audience.apply(try member("join"), previousMembership: nil, outsiders: [alice: outsider])
        == alice)
    #expect(try !isNamed())
    #expect(
      audience.apply(try member("join", "Ally"), previousMembership: nil, outsiders: [:]) == nil)
    #expect(try isNamed())
    #expect(audience.apply(try member("leave"), previousMembership: nil, outsiders: [:]) == nil)
    #expect(try !isNamed())
  }

  @Test func whatAnEventMeansTravels() throws {
    let push = EventPush(
      thread: EventID("$root"), shared: .notify,
      differences: [
        .init(user: alice, actions: PredefinedRule.isUserMention.actions, follows: true),
        .init(user: carol, actions: nil, follows: true),
      ], turns: [.init(user: bob, follows: false)])
    #expect(try EventPush(try JSONDocument(push.encoded).root) == push)
    #expect(try EventPush(try JSONDocument(EventPush().encoded).root) == EventPush())
  }
}
