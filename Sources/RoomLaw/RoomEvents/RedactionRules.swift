/// Which keys of an event survive a redaction.
package struct RedactionRules: Sendable {
  /// What survives in the content of one type of event.
  enum ContentRule: Sendable {
    case everything
    case keys(Set<String>)
    /// These keys whole, and of the object under `key` only one of its own keys.
    case keysAndMember(Set<String>, key: String, member: String)
  }

  let topLevelKeys: Set<String>
  private let contentRules: [String: ContentRule]

  func contentRule(for type: String) -> ContentRule {
    contentRules[type] ?? .keys([])
  }

  /// Room versions 9 and 10. spec: rooms/v9#redactions
  static let v9 = RedactionRules(
    topLevelKeys: essentialKeys.union(["membership", "origin", "prev_state"]),
    contentRules: [
      EventType.member: .keys(["membership", "join_authorised_via_users_server"]),
      EventType.create: .keys(["creator"]),
      EventType.joinRules: .keys(["join_rule", "allow"]),
      EventType.powerLevels: .keys(powerLevelKeys),
      EventType.historyVisibility: .keys(["history_visibility"]),
    ])

  /// From room version 11 on. spec: rooms/v11#redactions
  static let v11 = RedactionRules(
    topLevelKeys: essentialKeys,
    contentRules: [
      EventType.member: .keysAndMember(
        ["membership", "join_authorised_via_users_server"],
        key: "third_party_invite", member: "signed"),
      EventType.create: .everything,
      EventType.joinRules: .keys(["join_rule", "allow"]),
      EventType.powerLevels: .keys(powerLevelKeys.union(["invite"])),
      EventType.historyVisibility: .keys(["history_visibility"]),
      EventType.redaction: .keys(["redacts"]),
    ])

  private static let essentialKeys: Set<String> = [
    "event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures",
    "depth", "prev_events", "auth_events", "origin_server_ts",
  ]

  private static let powerLevelKeys: Set<String> = [
    "ban", "events", "events_default", "kick", "redact", "state_default", "users",
    "users_default",
  ]
}
