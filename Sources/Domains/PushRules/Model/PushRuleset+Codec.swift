import MatrixJSON

/// How a ruleset is stored: a JSON object with the user's rules by kind, and under `adjusted`
/// the changes of predefined ones by id.
extension PushRuleset {
  package enum DecodingError: Error, Sendable {
    case malformed
  }

  package var stored: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if !adjusted.isEmpty {
      writer.key("adjusted")
      writer.beginObject()
      for rule in PredefinedRule.allCases {
        if let adjustment = adjusted[rule] { Self.write(adjustment, of: rule, to: &writer) }
      }
      writer.endObject()
    }
    for kind in PushRuleKind.allCases {
      guard let rules = own[kind], !rules.isEmpty else { continue }
      writer.key(kind.rawValue)
      writer.beginArray()
      for rule in rules { Self.write(rule, kind, to: &writer) }
      writer.endArray()
    }
    writer.endObject()
    return writer.bytes
  }

  /// - Throws: `JSONError`, `DecodingError`, `PushRuleError`.
  package init(stored: [UInt8]) throws {
    let root = try JSONDocument(stored).root
    for rule in PredefinedRule.allCases {
      guard let entry = root["adjusted"]?[rule.rawValue] else { continue }
      adjusted[rule] = Adjustment(
        isEnabled: entry["enabled"]?.bool,
        actions: try entry["actions"].map { try PushActionList($0) })
    }
    for kind in PushRuleKind.allCases {
      guard let rules = root[kind.rawValue] else { continue }
      own[kind] = try rules.elements.map { try Self.rule($0) }
    }
  }

  private static func rule(_ entry: JSONView) throws -> OwnRule {
    guard let id = entry["id"]?.string, let actions = entry["actions"] else {
      throw DecodingError.malformed
    }
    return OwnRule(
      id: id, isEnabled: entry["enabled"]?.bool ?? true, actions: try PushActionList(actions),
      conditions: entry["conditions"].map { Array($0.rawBytes) } ?? [],
      pattern: entry["pattern"]?.string)
  }

  private static func write(
    _ adjustment: Adjustment, of rule: PredefinedRule, to writer: inout JSONWriter
  ) {
    writer.key(rule.rawValue)
    writer.beginObject()
    if let actions = adjustment.actions {
      writer.key("actions")
      writer.raw(actions.json)
    }
    if let isEnabled = adjustment.isEnabled {
      writer.key("enabled")
      writer.bool(isEnabled)
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
    if !rule.isEnabled {
      writer.key("enabled")
      writer.bool(false)
    }
    writer.key("id")
    writer.string(rule.id)
    if let pattern = rule.pattern {
      writer.key("pattern")
      writer.string(pattern)
    }
    writer.endObject()
  }
}
