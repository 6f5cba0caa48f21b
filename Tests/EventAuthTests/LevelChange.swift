import MatrixJSON
import RoomEvents

/// Power levels of a room under test, in its state and in the event that would change them.
enum LevelChange {
  static let names = [
    "users_default", "events_default", "state_default", "ban", "redact", "kick", "invite",
  ]

  static func raise(_ room: inout TestRoom, _ changes: [String: JSON]) throws {
    try room.set(
      EventType.powerLevels, "", content(room, changes), by: Person.creator)
  }

  static func change(
    _ room: TestRoom, _ sender: String, _ changes: [String: JSON]
  ) throws -> Event {
    try room.event(sender, EventType.powerLevels, "", content(room, changes))
  }

  private static func content(_ room: TestRoom, _ changes: [String: JSON]) -> JSON {
    // The type's own entry keeps a raised `state_default` from deciding first.
    var content = TestRoom.levels(room.version, changes)
    if content["events"] == nil { content["events"] = [:] }
    if case .object(var events)? = content["events"] {
      events[EventType.powerLevels] = 50
      content["events"] = .object(events)
    }
    return content
  }

  private static func withUsers(_ room: TestRoom, _ changes: [String: JSON]) -> [String: JSON] {
    var users: [String: JSON] = [:]
    if case .object(let usual)? = TestRoom.levels(room.version)["users"] { users = usual }
    return ["users": .object(users.merging(changes) { $1 })]
  }

  static func raiseUsers(_ room: inout TestRoom, _ changes: [String: JSON]) throws {
    try raise(&room, withUsers(room, changes))
  }

  static func changeUsers(
    _ room: TestRoom, _ sender: String, _ changes: [String: JSON]
  ) throws -> Event {
    try change(room, sender, withUsers(room, changes))
  }
}
