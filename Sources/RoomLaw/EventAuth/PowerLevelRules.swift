import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Rule 9 (up to v5 and in v12: rule 10): changes of the power levels.
extension AuthorityCheck {
  /// Up to version 5 anybody who may change the levels may change those of notifications.
  private var tableNames: [String] {
    rules.guardsNotificationLevels ? ["events", "notifications"] : ["events"]
  }

  private var form: PowerLevelForm { rules.powerLevelForm }

  func checkPowerLevels(senderLevel: Int64) throws(AuthRejection) {
    let new = event.content
    if form == .integer { try checkForm(new) }
    try checkUsers(new["users"])
    // Rule 9.4 (v12: 10.5).
    guard let old = state.event(.powerLevels)?.content else { return }
    try checkChangedLevels(from: old, to: new, senderLevel)
    for name in tableNames {
      try checkChangedEntries(from: table(old[name]), to: table(new[name]), senderLevel)
    }
    try checkChangedUsers(from: table(old["users"]), to: table(new["users"]), senderLevel)
  }

  /// From version 10 on. Before, a level that cannot be read counts as absent.
  private func checkForm(_ new: JSONView) throws(AuthRejection) {
    // Rule 9.1.
    guard form.hasOnlyLevels(new) else {
      throw AuthRejection(.levelsNotInteger)
    }
    // Rule 9.2.
    guard tableNames.allSatisfy({ new[$0].map(form.isTable) ?? true }) else {
      throw AuthRejection(.levelsMap)
    }
  }

  private func checkUsers(_ users: JSONView?) throws(AuthRejection) {
    guard let users else { return }
    // Rule 9.3.
    guard form.isTable(users) else { throw AuthRejection(.levelsUsers) }
    let creators = RoomCreators(create)
    // A set: both lists can have thousands of users.
    let privileged = creators.arePrivileged ? Set(creators.users) : []
    for (key, _) in users.members {
      guard let user = UserID(key) else { throw AuthRejection(.levelsUsers) }
      // v12 rule 10.4.
      if privileged.contains(user) { throw AuthRejection(.levelsCreators) }
    }
  }

  /// Rule 9.5 (v12: 10.6).
  private func checkChangedLevels(
    from old: JSONView, to new: JSONView, _ senderLevel: Int64
  ) throws(AuthRejection) {
    for name in PowerLevelForm.names {
      let before = form.level(old[name])
      let after = form.level(new[name])
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

extension AuthorityCheck {
  private func table(_ view: JSONView?) -> LevelTable {
    var table: LevelTable = [:]
    guard let view else { return table }
    for (key, value) in view.members { table[Array(key.utf8)] = form.level(value) }
    return table
  }
}
