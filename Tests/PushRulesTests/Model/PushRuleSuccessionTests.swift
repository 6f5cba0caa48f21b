import MatrixIdentifiers
import MatrixJSON
import Testing

@testable import PushRules

/// Rules that go on to the room that takes the place of another.
struct PushRuleSuccessionTests {
  private static let old = "!old:a"
  private static let new = "!new:a"

  private func follow(_ ruleset: PushRuleset) throws -> PushRuleset {
    var changed = ruleset
    let old = try #require(RoomID(Self.old))
    let new = try #require(RoomID(Self.new))
    for change in ruleset.changes(following: old, to: new) { try changed.apply(change) }
    return changed
  }

  private func rule(
    _ id: String, room: String? = nil, isEnabled: Bool = true, pattern: String? = nil
  ) throws -> OwnRule {
    let conditions: JSON =
      room.map { [["kind": "event_match", "key": "room_id", "pattern": .string($0)]] } ?? []
    return OwnRule(
      id: id, isEnabled: isEnabled,
      actions: try PushActionList(try JSONDocument(Array("[\"notify\"]".utf8)).root),
      conditions: conditions.bytes, pattern: pattern)
  }

  @Test func nothingIsForTheRoom() throws {
    var ruleset = PushRuleset()
    ruleset.own[.room] = [try rule("!other:a")]
    ruleset.own[.override] = [try rule("mine", room: "!other:a"), try rule("plain")]
    ruleset.own[.content] = [try rule(Self.old, pattern: "x")]
    #expect(try follow(ruleset) == ruleset)
  }

  @Test func rulesOfEachKind() throws {
    var ruleset = PushRuleset()
    ruleset.own[.room] = [try rule("!other:a"), try rule(Self.old, isEnabled: false)]
    ruleset.own[.override] = [try rule("mute", room: Self.old)]
    let changed = try follow(ruleset)
    #expect(changed.own[.room]?.map(\.id) == [Self.new, "!other:a", Self.old])
    #expect(changed.rule(.room, Self.new)?.isEnabled == false)
    #expect(changed.own[.override]?.map(\.id) == [Self.new, "mute"])
    #expect(
      changed.rule(.override, Self.new)?.conditions == (try rule("", room: Self.new)).conditions)
    #expect(try follow(changed) == changed, "once more changes nothing")
  }
}
