package import MatrixIdentifiers
import MatrixJSON

/// A user's rules in the form that clients get.
///
/// spec: client-server-api#get_matrixclientv3pushrules
extension PushRuleset {
  /// `{"global": {...}}`: the answer to a request for all rules, and the content of
  /// `m.push_rules`.
  package func rendered(for user: UserID) -> [UInt8] {
    var writer = JSONWriter(capacity: Self.usualSize)
    writer.beginObject()
    writer.key("global")
    writeGlobal(for: user, to: &writer)
    writer.endObject()
    return writer.bytes
  }

  /// The rules by kind.
  package func renderedGlobal(for user: UserID) -> [UInt8] {
    var writer = JSONWriter(capacity: Self.usualSize)
    writeGlobal(for: user, to: &writer)
    return writer.bytes
  }

  /// The event that tells a client of the rules.
  /// spec: client-server-api#mpush_rules
  package func accountDataEvent(for user: UserID) -> [UInt8] {
    var writer = JSONWriter(capacity: Self.usualSize)
    writer.beginObject()
    writer.key("content")
    writer.beginObject()
    writer.key("global")
    writeGlobal(for: user, to: &writer)
    writer.endObject()
    writer.key("type")
    writer.string("m.push_rules")
    writer.endObject()
    return writer.bytes
  }

  /// One rule; nil when there is none.
  package func rendered(_ kind: PushRuleKind, _ id: String, for user: UserID) -> [UInt8]? {
    var writer = JSONWriter()
    if let rule = PredefinedRule(id: id, kind: kind) {
      write(rule, for: user, to: &writer)
    } else if let rule = rule(kind, id) {
      Self.write(rule, kind, to: &writer)
    } else {
      return nil
    }
    return writer.bytes
  }

  package func isEnabled(_ kind: PushRuleKind, _ id: String) -> Bool? {
    if let rule = PredefinedRule(id: id, kind: kind) { return isEnabled(rule) }
    return rule(kind, id)?.isEnabled
  }

  package func actions(_ kind: PushRuleKind, _ id: String) -> PushActionList? {
    if let rule = PredefinedRule(id: id, kind: kind) { return actions(of: rule) }
    return rule(kind, id)?.actions
  }

  /// Bytes of the predefined rules with some room.
  private static let usualSize = 5000

  private func writeGlobal(for user: UserID, to writer: inout JSONWriter) {
    writer.beginObject()
    for kind in PushRuleKind.allCases {
      writer.key(kind.rawValue)
      writer.beginArray()
      let predefined = PredefinedRule.allCases.filter { $0.kind == kind }
      if kind == .override { write(.master, for: user, to: &writer) }
      for rule in own[kind] ?? [] { Self.write(rule, kind, to: &writer) }
      for rule in predefined where rule != .master { write(rule, for: user, to: &writer) }
      writer.endArray()
    }
    writer.endObject()
  }

  private static func write(_ rule: OwnRule, _ kind: PushRuleKind, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("actions")
    writer.raw(rule.actions.json)
    if kind.hasConditions {
      writer.key("conditions")
      writer.raw(rule.conditions)
    }
    writer.key("default")
    writer.bool(false)
    writer.key("enabled")
    writer.bool(rule.isEnabled)
    if let pattern = rule.pattern {
      writer.key("pattern")
      writer.string(pattern)
    }
    writer.key("rule_id")
    writer.string(rule.id)
    writer.endObject()
  }

  private func write(_ rule: PredefinedRule, for user: UserID, to writer: inout JSONWriter) {
    if adjusted[rule] == nil, let bytes = Self.unchanging[Int(rule.place)] {
      writer.raw(bytes)
    } else {
      writer.raw(
        Self.bytes(rule, isEnabled: isEnabled(rule), actions: actions(of: rule), for: user))
    }
  }

  /// The rules that are the same for every user, by their place.
  private static let unchanging: [[UInt8]?] = PredefinedRule.allCases.map { rule in
    guard !rule.isPersonal, let nobody = UserID("@:nobody") else { return nil }
    return bytes(rule, isEnabled: rule.isEnabledByDefault, actions: rule.actions, for: nobody)
  }

  private static func bytes(
    _ rule: PredefinedRule, isEnabled: Bool, actions: PushActionList, for user: UserID
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("actions")
    writer.raw(actions.json)
    if rule.kind.hasConditions {
      writer.key("conditions")
      writer.value(.array(rule.conditions(for: user)))
    }
    writer.key("default")
    writer.bool(true)
    writer.key("enabled")
    writer.bool(isEnabled)
    if let pattern = rule.pattern(for: user) {
      writer.key("pattern")
      writer.string(pattern)
    }
    writer.key("rule_id")
    writer.string(rule.rawValue)
    writer.endObject()
    return writer.bytes
  }
}
