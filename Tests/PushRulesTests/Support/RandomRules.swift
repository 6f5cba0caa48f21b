import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import PushRules

/// Words of which few meet, so that rules match now and then.
private let words = [
  "alice", "Bob", "tea", "@room", "Ärger", "a_b", "x", "Alice Smith", "日本", "🎉", "t*",
]
private let patterns = [
  "alice", "t*", "?ea", "*", "", "a?b", "al*e", "ÄRGER", "日?", "*ea", "tea time", "m.room.*",
  "m.room.message", "!room:test", "!other:test", "@bob:test", "invite",
]
private let keys = [
  "content.body", "type", "sender", "room_id", "state_key", "content.membership", "content.flag",
  #"content.a\.b"#, #"content.c\\d"#, "content.list", "content.n", "content.missing", "content",
  #"content.m\.mentions.user_ids"#, "event_id", #"content.e\f"#,
]
private let scalarValues: [JSON] = [true, false, nil, 1, 0, "x", "1", 1.5, [], [:]]

extension SeededRandom {
  mutating func text() -> String {
    let separators = [" ", ", ", "", "-", "! "]
    return (0..<below(4)).map { _ in pick(words) + pick(separators) }.joined()
  }

  mutating func actions() -> JSON {
    pick([
      [], ["notify"], ["dont_notify"], ["notify", ["set_tweak": "highlight"]],
      ["notify", ["set_tweak": "sound", "value": "x"]],
      ["notify", ["set_tweak": "highlight", "value": false]],
      [["set_tweak": "highlight"]],
    ])
  }

  mutating func condition() -> JSON {
    switch below(7) {
    case 0, 1:
      return [
        "kind": "event_match", "key": .string(pick(keys)), "pattern": .string(pick(patterns)),
      ]
    case 2:
      return ["kind": "event_property_is", "key": .string(pick(keys)), "value": pick(scalarValues)]
    case 3:
      return [
        "kind": "event_property_contains", "key": .string(pick(keys)), "value": pick(scalarValues),
      ]
    case 4: return ["kind": "contains_display_name"]
    case 5:
      return [
        "kind": "room_member_count",
        "is": .string(pick(["2", "==3", ">2", "<3", ">=3", "<=2", "=2", "", ">", "x", "-1"])),
      ]
    default:
      return pick([
        ["kind": "sender_notification_permission", "key": "room"],
        ["kind": "sender_notification_permission", "key": "other"],
        ["kind": "sender_notification_permission"],
        ["kind": "device", "profile_tag": "x"],
      ])
    }
  }

  mutating func change() -> PushRulesetChange {
    let kind = pick(PushRuleKind.allCases)
    let own = ["!room:test", "!other:test", "@bob:test", "@alice:test", "r1", "r2", "r3"]
    let predefined = PredefinedRule.allCases.filter { $0.kind == kind }.map(\.rawValue)
    let id = pick(own)
    let any = pick(own + predefined + predefined)
    switch below(6) {
    case 0, 1, 2:
      var body: JSON = ["actions": actions(), "pattern": .string(pick(patterns))]
      if chance(80) { body["conditions"] = .array((0..<below(3)).map { _ in condition() }) }
      let place = pick([RulePlace.unchanged, .before(pick(own)), .after(pick(own))])
      let root = (try? JSONDocument(body.bytes))?.root
      guard let draft = root.flatMap({ try? RuleDraft($0, kind: kind) }) else {
        return .delete(kind, id: id)
      }
      return .put(kind, id: id, draft, place)
    case 3: return .delete(kind, id: id)
    case 4: return .setEnabled(kind, id: any, chance(any == ".m.rule.master" ? 10 : 50))
    default:
      let root = (try? JSONDocument(actions().bytes))?.root
      return .setActions(kind, id: any, root.flatMap { try? PushActionList($0) } ?? .none)
    }
  }

  /// With few changes, or many.
  mutating func ruleset() -> PushRuleset {
    var rules = PushRuleset()
    for _ in 0..<below(6) { try? rules.apply(change()) }
    return rules
  }

  mutating func event(users: [UserID]) -> (
    type: String, content: JSON, sender: UserID, stateKey: String?
  ) {
    let types = [
      "m.room.message", "m.room.message", "m.room.message", "m.room.encrypted", "m.room.member",
      "m.room.member", "m.reaction", "m.room.tombstone", "m.room.server_acl", "m.call.invite",
      "M.Room.Message", "x",
    ]
    var content: JSON = [:]
    if chance(80) { content["body"] = .string(text()) }
    if chance(20) { content["msgtype"] = pick(["m.notice", "m.text", "M.NOTICE", 1]) }
    if chance(40) { content["m.mentions"] = mentions(users) }
    if chance(40) { content["membership"] = pick(["invite", "join", "INVITE", nil]) }
    if chance(20) {
      content["m.relates_to"] = ["rel_type": pick(["m.replace", "m.thread", "M.REPLACE"])]
    }
    for key in ["flag", "a.b", "c\\d", "n", "e\\f"] where chance(30) {
      content[key] = pick(scalarValues)
    }
    if chance(30) { content["list"] = .array((0..<below(4)).map { _ in pick(scalarValues) }) }
    let stateKeys = [nil, nil, "", "x", "@alice:test", "@ALICE:test", "@carol:test"]
    return (pick(types), content, pick(users), pick(stateKeys))
  }

  private mutating func mentions(_ users: [UserID]) -> JSON {
    switch below(6) {
    case 0: return nil
    case 1: return ["room": true]
    case 2: return ["room": "true", "user_ids": "@alice:test"]
    default:
      return [
        "user_ids": .array((0..<below(3)).map { _ in .string(pick(users).text) }),
        "room": .bool(chance(20)),
      ]
    }
  }
}
