import MatrixIdentifiers
import MatrixJSON
import Testing

@testable import PushRules

/// The rules of the specification with Alice's names in them, in its order, and the older rules
/// for mentions in the body where clients expect them.
private let expected = #"""
  {"override": [
    {"rule_id": ".m.rule.master", "enabled": false, "conditions": [], "actions": []},
    {"rule_id": ".m.rule.suppress_notices", "conditions": [
      {"kind": "event_match", "key": "content.msgtype", "pattern": "m.notice"}], "actions": []},
    {"rule_id": ".m.rule.invite_for_me", "conditions": [
      {"key": "type", "kind": "event_match", "pattern": "m.room.member"},
      {"key": "content.membership", "kind": "event_match", "pattern": "invite"},
      {"key": "state_key", "kind": "event_match", "pattern": "@alice:test"}],
      "actions": ["notify", {"set_tweak": "sound", "value": "default"}]},
    {"rule_id": ".m.rule.member_event", "conditions": [
      {"key": "type", "kind": "event_match", "pattern": "m.room.member"}], "actions": []},
    {"rule_id": ".m.rule.is_user_mention", "conditions": [
      {"kind": "event_property_contains", "key": "content.m\\.mentions.user_ids",
       "value": "@alice:test"}],
      "actions": ["notify", {"set_tweak": "sound", "value": "default"},
        {"set_tweak": "highlight"}]},
    {"rule_id": ".m.rule.contains_display_name",
      "conditions": [{"kind": "contains_display_name"}],
      "actions": ["notify", {"set_tweak": "sound", "value": "default"},
        {"set_tweak": "highlight"}]},
    {"rule_id": ".m.rule.is_room_mention", "conditions": [
      {"kind": "event_property_is", "key": "content.m\\.mentions.room", "value": true},
      {"kind": "sender_notification_permission", "key": "room"}],
      "actions": ["notify", {"set_tweak": "highlight"}]},
    {"rule_id": ".m.rule.roomnotif", "conditions": [
      {"kind": "event_match", "key": "content.body", "pattern": "@room"},
      {"kind": "sender_notification_permission", "key": "room"}],
      "actions": ["notify", {"set_tweak": "highlight"}]},
    {"rule_id": ".m.rule.tombstone", "conditions": [
      {"kind": "event_match", "key": "type", "pattern": "m.room.tombstone"},
      {"kind": "event_match", "key": "state_key", "pattern": ""}],
      "actions": ["notify", {"set_tweak": "highlight"}]},
    {"rule_id": ".m.rule.reaction", "conditions": [
      {"kind": "event_match", "key": "type", "pattern": "m.reaction"}], "actions": []},
    {"rule_id": ".m.rule.room.server_acl", "conditions": [
      {"kind": "event_match", "key": "type", "pattern": "m.room.server_acl"},
      {"kind": "event_match", "key": "state_key", "pattern": ""}], "actions": []},
    {"rule_id": ".m.rule.suppress_edits", "conditions": [
      {"kind": "event_property_is", "key": "content.m\\.relates_to.rel_type",
       "value": "m.replace"}], "actions": []}],
  "content": [
    {"rule_id": ".m.rule.contains_user_name", "pattern": "alice",
      "actions": ["notify", {"set_tweak": "sound", "value": "default"},
        {"set_tweak": "highlight"}]}],
  "room": [], "sender": [],
  "underride": [
    {"rule_id": ".m.rule.call", "conditions": [
      {"key": "type", "kind": "event_match", "pattern": "m.call.invite"}],
      "actions": ["notify", {"set_tweak": "sound", "value": "ring"}]},
    {"rule_id": ".m.rule.encrypted_room_one_to_one", "conditions": [
      {"kind": "room_member_count", "is": "2"},
      {"kind": "event_match", "key": "type", "pattern": "m.room.encrypted"}],
      "actions": ["notify", {"set_tweak": "sound", "value": "default"}]},
    {"rule_id": ".m.rule.room_one_to_one", "conditions": [
      {"kind": "room_member_count", "is": "2"},
      {"kind": "event_match", "key": "type", "pattern": "m.room.message"}],
      "actions": ["notify", {"set_tweak": "sound", "value": "default"}]},
    {"rule_id": ".m.rule.message", "conditions": [
      {"kind": "event_match", "key": "type", "pattern": "m.room.message"}],
      "actions": ["notify"]},
    {"rule_id": ".m.rule.encrypted", "conditions": [
      {"kind": "event_match", "key": "type", "pattern": "m.room.encrypted"}],
      "actions": ["notify"]}]}
  """#

@Suite struct PredefinedRuleTests {
  @Test func areTheSpecifications() throws {
    var wanted = JSON(try JSONDocument(Array(expected.utf8)).root)
    for (kind, rules) in wanted.object ?? [:] {
      wanted[kind] = .array(
        (rules.array ?? []).map { rule in
          var rule = rule
          rule["default"] = true
          rule["enabled"] = rule["enabled"] ?? true
          return rule
        })
    }
    let rendered = PushRuleset().rendered(for: alice)
    #expect(JSON(try JSONDocument(rendered).root) == ["global": wanted])
    let event = JSON(try JSONDocument(PushRuleset().accountDataEvent(for: alice)).root)
    #expect(event == ["type": "m.push_rules", "content": ["global": wanted]])
  }

  @Test func placesAreInTheOrderOfTrial() {
    #expect(PredefinedRule.allCases.map { Int($0.place) } == Array(PredefinedRule.allCases.indices))
    let kinds = PredefinedRule.allCases.map(\.kind)
    let order = PushRuleKind.allCases
    #expect(
      zip(kinds, kinds.dropFirst()).allSatisfy {
        order.firstIndex(of: $0)! <= order.firstIndex(of: $1)!
      })
  }

  @Test func areFoundUnderTheirKindOnly() {
    #expect(PredefinedRule(id: ".m.rule.message", kind: .underride) == .message)
    #expect(PredefinedRule(id: ".m.rule.message", kind: .override) == nil)
    #expect(PredefinedRule(id: ".m.rule.unknown", kind: .override) == nil)
  }
}
