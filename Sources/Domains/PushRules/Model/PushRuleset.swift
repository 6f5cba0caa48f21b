import MatrixIdentifiers
import MatrixJSON

/// A rule that a user made.
package struct OwnRule: Sendable, Equatable {
  package let id: String
  package internal(set) var isEnabled: Bool
  package internal(set) var actions: PushActionList
  /// A JSON array as the user gave it; only of kinds that state conditions.
  package let conditions: [UInt8]
  /// Only of content rules.
  package let pattern: String?

  init(
    id: String, isEnabled: Bool = true, actions: PushActionList, conditions: [UInt8] = [],
    pattern: String? = nil
  ) {
    self.id = id
    self.isEnabled = isEnabled
    self.actions = actions
    self.conditions = conditions
    self.pattern = pattern
  }
}

/// What a user changed of the predefined rules, and added to them. Empty for most users.
package struct PushRuleset: Sendable, Equatable {
  struct Adjustment: Sendable, Equatable {
    var isEnabled: Bool?
    var actions: PushActionList?
  }

  /// The most important first.
  var own: [PushRuleKind: [OwnRule]] = [:]
  var adjusted: [PredefinedRule: Adjustment] = [:]

  package init() {}

  /// Whether the user has the predefined rules as they are.
  package var isPlain: Bool {
    own.values.allSatisfy(\.isEmpty) && adjusted.isEmpty
  }

  func rule(_ kind: PushRuleKind, _ id: String) -> OwnRule? {
    own[kind]?.first { sameBytes($0.id, id) }
  }

  func isEnabled(_ rule: PredefinedRule) -> Bool {
    adjusted[rule]?.isEnabled ?? rule.isEnabledByDefault
  }

  func actions(of rule: PredefinedRule) -> PushActionList {
    adjusted[rule]?.actions ?? rule.actions
  }
}
