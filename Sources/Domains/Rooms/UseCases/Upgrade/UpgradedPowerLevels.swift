import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// The power levels that a room takes with it to another version.
/// spec: client-server-api#room-upgrades
struct UpgradedPowerLevels {
  /// With which everything else can be carried over.
  let first: JSON
  /// With which the room begins its life; nil when that is the same.
  let last: JSON?

  private static let named = [
    "users_default", "events_default", "state_default", "ban", "redact", "kick", "invite",
  ]
  private static let creatorLevel: Int64 = 100

  /// - Parameters:
  ///   - old: the content of the old room's power levels.
  ///   - oldCreators: of the old room, if they stood above its power levels.
  ///   - newCreators: of the new room, the one who upgrades first.
  ///   - types: of the state that is carried over.
  init(
    _ old: JSONView, oldCreators: [UserID], newCreators: [UserID], version: RoomVersion,
    types: Set<String>
  ) {
    var content = Self.integers(JSON(old))
    var users = content["users"]?.object ?? [:]
    if version.rules.creatorsArePrivileged {
      // Those who stand above the levels cannot be among them.
      for creator in newCreators { users[creator.text] = nil }
      content["users"] = .object(users)
      (first, last) = (content, nil)
      return
    }
    for creator in oldCreators {
      let level = users[creator.text]?.integer ?? 0
      users[creator.text] = .integer(max(level, Self.creatorLevel))
    }
    content["users"] = .object(users)
    let needed = Self.needed(content, types)
    guard let upgrader = newCreators.first,
      users[upgrader.text]?.integer ?? content["users_default"]?.integer ?? 0 < needed
    else {
      (first, last) = (content, nil)
      return
    }
    users[upgrader.text] = .integer(needed)
    var raised = content
    raised["users"] = .object(users)
    (first, last) = (raised, content)
  }

  /// The level that setting all of the state takes.
  private static func needed(_ content: JSON, _ types: Set<String>) -> Int64 {
    let state = content["state_default"]?.integer ?? 50
    let levels = types.union([EventType.powerLevels]).map { type in
      type == EventType.member
        ? content["ban"]?.integer ?? 50 : content["events"]?[type]?.integer ?? state
    }
    return levels.max() ?? state
  }

  /// Levels that were written in another way count as what they stood for.
  private static func integers(_ old: JSON) -> JSON {
    var content = old
    for name in named { content[name] = integer(old[name]) }
    for name in ["users", "events", "notifications"] {
      guard let table = old[name] else { continue }
      content[name] = .object(table.object?.compactMapValues(integer) ?? [:])
    }
    return content
  }

  private static func integer(_ value: JSON?) -> JSON? {
    switch value {
    case .integer: value
    case .double(let number): Int64(exactly: number.rounded(.towardZero)).map { .integer($0) }
    case .string(let text): Int64(text).map { .integer($0) }
    default: nil
    }
  }
}

/// The power levels with which a room that was replaced is quiet.
enum RetiredPowerLevels {
  private static let least: Int64 = 50

  /// Nil when nothing is to be changed.
  static func content(_ old: JSONView) -> JSON? {
    var content = JSON(old)
    let usual = content["users_default"]?.integer ?? 0
    let raised = max(least, usual < .max ? usual + 1 : usual)
    var changed = false
    for (name, fallback) in [("events_default", Int64(0)), ("invite", 0)]
    where content[name]?.integer ?? fallback < raised {
      content[name] = .integer(raised)
      changed = true
    }
    // A plain `nil` would be JSON's here.
    return changed ? content : JSON?.none
  }
}
