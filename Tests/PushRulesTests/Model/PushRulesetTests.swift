import MatrixIdentifiers
import MatrixJSON
import TestKit
import Testing

@testable import PushRules

@Suite struct PushRulesetTests {
  private func ids(_ rules: PushRuleset, _ kind: PushRuleKind) -> [String] {
    rules.own[kind]?.map(\.id) ?? []
  }

  @Test func newRulesBecomeTheMostImportant() throws {
    let rules = try ruleset(
      put(.room, "a", ["actions": []]), put(.room, "b", ["actions": []]),
      put(.sender, "c", ["actions": []]))
    #expect(ids(rules, .room) == ["b", "a"])
    #expect(ids(rules, .sender) == ["c"])
  }

  @Test func rulesGoBesideTheirNeighbours() throws {
    var rules = try ruleset(
      put(.content, "a", ["actions": [], "pattern": "a"]),
      put(.content, "b", ["actions": [], "pattern": "b"]),
      put(.content, "c", ["actions": [], "pattern": "c"], .after("b")))
    #expect(ids(rules, .content) == ["b", "c", "a"])
    try rules.apply(put(.content, "a", ["actions": [], "pattern": "x"], .before("b")))
    #expect(ids(rules, .content) == ["a", "b", "c"])
    try rules.apply(put(.content, "a", ["actions": [], "pattern": "y"]))
    #expect(ids(rules, .content) == ["a", "b", "c"])
    #expect(rules.rule(.content, "a")?.pattern == "y")
  }

  @Test func anUpdateKeepsWhetherARuleIsEnabled() throws {
    let rules = try ruleset(
      put(.room, "a", ["actions": []]), .setEnabled(.room, id: "a", false),
      put(.room, "a", ["actions": ["notify"]]))
    #expect(rules.isEnabled(.room, "a") == false)
    #expect(rules.actions(.room, "a")?.notifies == true)
  }

  @Test func predefinedRulesCanBeAdjustedAndSetBack() throws {
    var rules = try ruleset(
      .setEnabled(.override, id: ".m.rule.master", true),
      .setActions(.underride, id: ".m.rule.message", .none))
    #expect(!rules.isPlain)
    #expect(rules.isEnabled(.override, ".m.rule.master") == true)
    try rules.apply(.setEnabled(.override, id: ".m.rule.master", false))
    try rules.apply(.setActions(.underride, id: ".m.rule.message", .notify))
    #expect(rules.isPlain)
  }

  @Test(arguments: [
    (".mine", PushRuleError.reservedID),
    ("a/b", .invalidID(reason: "a rule's id may not have slashes")),
    ("a\\b", .invalidID(reason: "a rule's id may not have slashes")),
    ("", .invalidID(reason: "a rule's id may not be empty")),
    ("a\0", .invalidID(reason: "a rule's id may not have NUL characters")),
  ])
  func idsAreChecked(id: String, error: PushRuleError) throws {
    #expect(throws: error) { try ruleset(put(.room, id, ["actions": []])) }
  }

  @Test func whatIsNotThereCannotBeChanged() throws {
    var rules = try ruleset(put(.room, "a", ["actions": []]))
    let before = rules
    for change: PushRulesetChange in [
      .delete(.room, id: "b"), .delete(.override, id: ".m.rule.master"),
      .setEnabled(.sender, id: "a", true), .setActions(.override, id: ".m.rule.message", .none),
    ] {
      #expect(throws: PushRuleError.unknownRule) { try rules.apply(change) }
    }
    for neighbour in ["x", ".m.rule.master", "a", "new"] {
      #expect(throws: PushRuleError.unknownNeighbour(neighbour)) {
        try rules.apply(
          put(.room, neighbour == "a" ? "a" : "new", ["actions": []], .before(neighbour)))
      }
    }
    #expect(rules == before)
  }

  @Test(arguments: [
    (#"{"actions": "notify"}"#, PushRuleKind.room, PushRuleError.invalidAction),
    ("{}", .room, .invalidAction),
    (#"{"actions": ["shout"]}"#, .room, .invalidAction),
    (#"{"actions": [{"sound": 1}]}"#, .room, .invalidAction),
    (#"{"actions": []}"#, .content, .patternMissing),
    (#"{"actions": [], "pattern": 1}"#, .content, .patternMissing),
    (#"{"actions": [], "conditions": {}}"#, .override, .invalidConditions),
    (#"{"actions": [], "conditions": [{"key": "a"}]}"#, .override, .invalidConditions),
  ])
  func draftsAreChecked(body: String, kind: PushRuleKind, error: PushRuleError) throws {
    let body = try JSONDocument(Array(body.utf8)).root
    #expect(throws: error) { try RuleDraft(body, kind: kind) }
  }

  @Test func historicalActionsDoNothing() throws {
    #expect(try list(["dont_notify"]) == .none)
    #expect(try list(["notify", "coalesce"]) == .notify)
    #expect(try !list([["set_tweak": "highlight"]]).highlights)
    #expect(try list(["notify", ["set_tweak": "highlight"]]).highlights)
    #expect(try !list(["notify", ["set_tweak": "highlight", "value": false]]).highlights)
  }

  @Test func thereAreNotTooManyRules() throws {
    var rules = PushRuleset()
    rules.own[.room] = (0..<PushRuleset.ruleLimit).map {
      OwnRule(id: "\($0)", actions: .none)
    }
    #expect(throws: PushRuleError.tooLarge(what: "rules", limit: PushRuleset.ruleLimit)) {
      try rules.apply(put(.sender, "one more", ["actions": []]))
    }
    try rules.apply(put(.room, "7", ["actions": ["notify"]]))
  }

  @Test(arguments: 0..<20)
  func storingAndCallingKeepEverything(seed: Int) throws {
    var random = SeededRandom(UInt64(seed))
    var rules = PushRuleset()
    for _ in 0..<40 {
      let change = random.change()
      let call = RulesetCall(user: alice, change: change)
      let read = try RulesetCall(try JSONDocument(call.encoded).root)
      #expect(read.encoded == call.encoded)
      #expect(read.user == alice)
      try? rules.apply(read.change)
      #expect(try PushRuleset(stored: rules.stored) == rules)
    }
    #expect(!rules.isPlain)
  }

  @Test(arguments: 0..<30)
  func orderIsThatOfAPlainList(seed: Int) throws {
    var random = SeededRandom(UInt64(seed))
    var rules = PushRuleset()
    var model: [String] = []
    for _ in 0..<60 {
      let id = "r\(random.below(8))"
      let neighbour = "r\(random.below(8))"
      let place = random.pick([RulePlace.unchanged, .before(neighbour), .after(neighbour)])
      let isDone = (try? rules.apply(put(.room, id, ["actions": []], place))) != nil
      if place == .unchanged {
        #expect(isDone)
        if !model.contains(id) { model.insert(id, at: 0) }
      } else {
        #expect(isDone == (neighbour != id && model.contains(neighbour)))
        if isDone, case let others = model.filter({ $0 != id }) {
          let index = others.firstIndex(of: neighbour)!
          model = others
          model.insert(id, at: place == .before(neighbour) ? index : index + 1)
        }
      }
      #expect(ids(rules, .room) == model)
    }
  }
}
