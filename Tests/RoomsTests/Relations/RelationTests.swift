import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@testable import Rooms

struct RelationTests {
  private func relation(
    _ relation: JSON, type: String = "m.room.message", stateKey: String? = nil,
    more: [String: JSON] = [:]
  ) throws -> Relation? {
    var content = more
    content["m.relates_to"] = relation
    let intent = EventIntent(
      type: type, stateKey: stateKey, sender: try RoomFixture.user(RoomFixture.alice),
      content: JSON.object(content).bytes)
    return Relation(of: intent)
  }

  @Test func aRelation() throws {
    let found = try present(
      try relation(["rel_type": "m.annotation", "event_id": "$x", "key": "+"]), "relation")
    #expect(found.type == RelationType.annotation)
    #expect(found.parent.text == "$x")
    #expect(found.key == Array("+".utf8))
    #expect(!found.isEdit)
  }

  @Test(
    arguments: [
      [:], ["rel_type": 5, "event_id": "$x"], ["rel_type": "a"],
      ["rel_type": "", "event_id": "$x"],
      ["rel_type": "a", "event_id": "x"], ["rel_type": "a\0", "event_id": "$x"],
      ["rel_type": .string(String(repeating: "a", count: 256)), "event_id": "$x"],
      ["m.in_reply_to": ["event_id": "$x"]], "text", nil, [["rel_type": "a", "event_id": "$x"]],
    ] as [JSON])
  func none(_ value: JSON) throws {
    #expect(try relation(value) == nil)
  }

  @Test(
    arguments: [
      ("m.replace", "m.room.message", nil, true, true),
      ("m.replace", "m.room.message", nil, false, false),
      ("m.replace", "m.room.encrypted", nil, false, true),
      ("m.replace", "m.room.message", "", true, false),
      ("m.reference", "m.room.message", nil, true, false),
    ] as [(String, String, String?, Bool, Bool)])
  func edits(
    _ kind: String, _ type: String, _ stateKey: String?, _ hasContent: Bool, _ isEdit: Bool
  ) throws {
    let found = try relation(
      ["rel_type": .string(kind), "event_id": "$x"], type: type, stateKey: stateKey,
      more: hasContent ? ["m.new_content": ["body": "new"]] : [:])
    #expect(found?.isEdit == isEdit)
  }

  @Test func onlyAnnotationsHaveKeys() throws {
    let found = try relation(["rel_type": "m.reference", "event_id": "$x", "key": "+"])
    #expect(found?.key == nil)
  }
}
