import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Rule 9 (v12: rule 10): changes of the power levels.
extension AuthorityCheck {
  private var levelNames: [String] {
    ["users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"]
  }

  private var tableNames: [String] { ["events", "notifications"] }

  func checkPowerLevels(senderLevel: Int64) throws(AuthRejection) {
    let new = event.content
    // Rule 9.1.
    guard levelNames.allSatisfy({ new[$0] == nil || new[$0]?.integer != nil }) else {
      throw AuthRejection(.levelsNotInteger)
    }
    // Rule 9.2.
    guard tableNames.allSatisfy({ new[$0].map(isTableOfIntegers) ?? true }) else {
      throw AuthRejection(.levelsMap)
    }
    try checkUsers(new["users"])
    // Rule 9.4 (v12: 10.5).
    guard let old = state.event(.powerLevels)?.content else { return }
    try checkChangedLevels(from: old, to: new, senderLevel)
    for name in tableNames {
      try checkChangedEntries(from: levelTable(old[name]), to: levelTable(new[name]), senderLevel)
    }
    try checkChangedUsers(
      from: levelTable(old["users"]), to: levelTable(new["users"]), senderLevel)
  }

  private func checkUsers(_ users: JSONView?) throws(AuthRejection) {
    guard let users else { return }
    // Rule 9.3.
    guard isTableOfIntegers(users), users.members.allSatisfy({ UserID($0.key) != nil }) else {
      throw AuthRejection(.levelsUsers)
    }
    // v12 rule 10.4.
    let creators = RoomCreators(create)
    if creators.arePrivileged, creators.users.contains(where: { users[$0.text] != nil }) {
      throw AuthRejection(.levelsCreators)
    }
  }

  /// Rule 9.5 (v12: 10.6).
  private func checkChangedLevels(
    from old: JSONView, to new: JSONView, _ senderLevel: Int64
  ) throws(AuthRejection) {
    for name in levelNames {
      let before = old[name]?.integer
      let after = new[name]?.integer
      guard before != after else { continue }
      if let before, before > senderLevel { throw AuthRejection(.levelsCurrent) }
      if let after, after > senderLevel { throw AuthRejection(.levelsNew) }
    }
  }

  /// Rules 9.6 and 9.7 (v12: 10.7 and 10.8).
  private func checkChangedEntries(
    from old: LevelTable, to new: LevelTable, _ senderLevel: Int64
  ) throws(AuthRejection) {
    for (key, before) in old where new[key] != before && before > senderLevel {
      throw AuthRejection(.levelsEntryCurrent)
    }
    for (key, after) in new where old[key] != after && after > senderLevel {
      throw AuthRejection(.levelsEntryNew)
    }
  }

  /// Rules 9.8 and 9.9 (v12: 10.9 and 10.10).
  private func checkChangedUsers(
    from old: LevelTable, to new: LevelTable, _ senderLevel: Int64
  ) throws(AuthRejection) {
    let sender = Array(event.sender.text.utf8)
    for (user, before) in old
    where user != sender && new[user] != before && before >= senderLevel {
      throw AuthRejection(.levelsUserCurrent)
    }
    for (user, after) in new where old[user] != after && after > senderLevel {
      throw AuthRejection(.levelsUserNew)
    }
  }
}

/// Levels by the bytes of their keys: equality of `String` would join keys that are different.
private typealias LevelTable = [[UInt8]: Int64]

private func levelTable(_ view: JSONView?) -> LevelTable {
  var table: LevelTable = [:]
  guard let view else { return table }
  for (key, value) in view.members { table[Array(key.utf8)] = value.integer }
  return table
}

private func isTableOfIntegers(_ view: JSONView) -> Bool {
  view.kind == .object && view.members.allSatisfy { $0.value.integer != nil }
}
