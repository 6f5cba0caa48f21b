/// Which keys of an event survive a redaction: data of the room version.
package struct RedactionRules: Sendable {
  /// What survives in the content of one type of event.
  enum ContentRule: Sendable {
    case everything
    case keys(Set<String>)
    /// These keys whole, and of the object under `key` only one of its own keys.
    case keysAndMember(Set<String>, key: String, member: String)
  }

  private(set) var topLevelKeys: Set<String>
  private var contentRules: [String: ContentRule]

  func contentRule(for type: String) -> ContentRule {
    contentRules[type] ?? .keys([])
  }

  /// Room versions 1 to 5. spec: rooms/v1#redactions
  static let v1 = RedactionRules(
    topLevelKeys: essentialKeys.union(leftoverKeys),
    contentRules: [
      EventType.member: .keys(["membership"]),
      EventType.create: .keys(["creator"]),
      EventType.joinRules: .keys(["join_rule"]),
      EventType.powerLevels: .keys(powerLevelKeys),
      EventType.aliases: .keys(["aliases"]),
      EventType.historyVisibility: .keys(["history_visibility"]),
    ])

  /// Room versions 6 and 7. spec: rooms/v6#redactions
  static let v6 = v1.except { $0.contentRules[EventType.aliases] = nil }

  /// spec: rooms/v8#redactions
  static let v8 = v6.except {
    $0.contentRules[EventType.joinRules] = .keys(["join_rule", "allow"])
  }

  /// Room versions 9 and 10. spec: rooms/v9#redactions
  static let v9 = v8.except {
    $0.contentRules[EventType.member] = .keys(["membership", "join_authorised_via_users_server"])
  }

  /// From room version 11 on. spec: rooms/v11#redactions
  static let v11 = v9.except {
    $0.topLevelKeys.subtract(leftoverKeys)
    $0.contentRules[EventType.member] = .keysAndMember(
      ["membership", "join_authorised_via_users_server"],
      key: "third_party_invite", member: "signed")
    $0.contentRules[EventType.create] = .everything
    $0.contentRules[EventType.powerLevels] = .keys(powerLevelKeys.union(["invite"]))
    $0.contentRules[EventType.redaction] = .keys(["redacts"])
  }

  private static let essentialKeys: Set<String> = [
    "event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures",
    "depth", "prev_events", "auth_events", "origin_server_ts",
  ]

  /// Keys that no event needs any more, but old ones have.
  private static let leftoverKeys: Set<String> = ["membership", "origin", "prev_state"]

  private static let powerLevelKeys: Set<String> = [
    "ban", "events", "events_default", "kick", "redact", "state_default", "users",
    "users_default",
  ]

  private func except(_ change: (inout RedactionRules) -> Void) -> RedactionRules {
    var changed = self
    change(&changed)
    return changed
  }
}
