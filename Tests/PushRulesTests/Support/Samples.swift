import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@testable import PushRules

let room = RoomID("!room:test")!
let alice = UserID("@alice:test")!
let bob = UserID("@bob:test")!
let carol = UserID("@carol:test")!

/// An event as it is stored.
func makeEvent(
  _ type: String = "m.room.message", content: JSON = ["body": "hello"], sender: UserID = bob,
  stateKey: String? = nil, room: RoomID = room, id: String = "$event"
) throws -> Event {
  var json: JSON = [
    "auth_events": [], "prev_events": [], "depth": 1, "hashes": ["sha256": ""],
    "content": content, "origin_server_ts": 0, "room_id": .string(room.text),
    "sender": .string(sender.text), "signatures": [:], "type": .string(type),
  ]
  if let stateKey { json["state_key"] = .string(stateKey) }
  return try Event(bytes: json.bytes, version: .v11, eventID: EventID(id))
}

func powerLevels(users: [UserID: Int64] = [:], room level: Int64? = nil) throws -> PowerLevels {
  var content: JSON = [
    "users": .object(
      Dictionary(uniqueKeysWithValues: users.map { ($0.key.text, .integer($0.value)) }))
  ]
  if let level { content["notifications"] = ["room": .integer(level)] }
  return PowerLevels(
    event: try makeEvent("m.room.power_levels", content: content, stateKey: ""), create: nil)
}

func context(members: Int = 3, _ levels: PowerLevels? = nil) throws -> PushContext {
  PushContext(memberCount: members, powerLevels: try levels ?? powerLevels())
}

func view(_ json: JSON) throws -> JSONView {
  try JSONDocument(json.bytes).root
}

func list(_ actions: JSON) throws -> PushActionList {
  try PushActionList(try view(actions))
}

/// A ruleset with these changes made one after the other.
func ruleset(_ changes: PushRulesetChange...) throws -> PushRuleset {
  var rules = PushRuleset()
  for change in changes { try rules.apply(change) }
  return rules
}

func put(
  _ kind: PushRuleKind, _ id: String, _ body: JSON, _ place: RulePlace = .unchanged
) throws -> PushRulesetChange {
  .put(kind, id: id, try RuleDraft(try view(body), kind: kind), place)
}

extension RoomUnread {
  /// The counts outside of threads.
  var main: PushCount {
    counts[PushActions.mainThread] ?? PushCount()
  }
}
