import MatrixIdentifiers
import MatrixJSON

/// A user's changed rules, ready to be evaluated many times. Disabled rules are left out.
package final class CompiledRuleset: Sendable {
  struct Rule: Sendable {
    let conditions: [PushCondition]
    let actions: PushActionList
  }

  struct ContentRule: Sendable {
    let pattern: GlobPattern
    let actions: PushActionList
  }

  let override: [Rule]
  let content: [ContentRule]
  /// By the room's id.
  let rooms: [String: PushActionList]
  /// By the sender's id.
  let senders: [String: PushActionList]
  let underride: [Rule]
  /// Of the predefined rules, those that are enabled.
  let enabled: PredefinedRules
  let changedActions: [PredefinedRule: PushActionList]
  /// Folded ids of the rooms that the user has rules for.
  private let roomsWithRules: Set<[UInt8]>
  /// Whether the rules are the predefined ones in all other rooms.
  private let isPlainElsewhere: Bool

  package init(_ ruleset: PushRuleset) {
    override = Self.compile(ruleset.own[.override])
    underride = Self.compile(ruleset.own[.underride])
    content = Self.enabled(ruleset.own[.content]).compactMap { rule in
      rule.pattern.map { ContentRule(pattern: GlobPattern($0), actions: rule.actions) }
    }
    rooms = Self.byID(ruleset.own[.room])
    senders = Self.byID(ruleset.own[.sender])
    enabled = PredefinedRule.allCases.reduce(into: []) { rules, rule in
      if ruleset.isEnabled(rule) { rules.insert(PredefinedRules(rule)) }
    }
    changedActions = ruleset.adjusted.compactMapValues(\.actions)
    let conditional = (override + underride).map(Self.room)
    roomsWithRules = Set(
      conditional.compactMap { $0 } + rooms.keys.map { FoldedText.fold($0) })
    isPlainElsewhere =
      enabled == .enabledByDefault && changedActions.isEmpty && content.isEmpty
      && senders.isEmpty && conditional.allSatisfy { $0 != nil }
  }

  /// Whether every event in the room is treated as by the predefined rules.
  /// - Parameter room: folded.
  func isPlain(inRoom room: [UInt8]) -> Bool {
    isPlainElsewhere && !roomsWithRules.contains(room)
  }

  func actions(of rule: PredefinedRule) -> PushActionList {
    changedActions[rule] ?? rule.actions
  }

  private static func enabled(_ rules: [OwnRule]?) -> [OwnRule] {
    rules?.filter(\.isEnabled) ?? []
  }

  private static func compile(_ rules: [OwnRule]?) -> [Rule] {
    enabled(rules).map { rule in
      let conditions = (try? JSONDocument(rule.conditions))?.root.elements.map(PushCondition.init)
      return Rule(conditions: conditions ?? [.never], actions: rule.actions)
    }
  }

  private static func byID(_ rules: [OwnRule]?) -> [String: PushActionList] {
    Dictionary(enabled(rules).map { ($0.id, $0.actions) }, uniquingKeysWith: { first, _ in first })
  }

  /// The only room in which the rule can match; nil when it is not bound to one.
  private static func room(of rule: Rule) -> [UInt8]? {
    for case .eventMatch(let path, let pattern) in rule.conditions where path.isTop("room_id") {
      if let literal = pattern.literal { return literal }
    }
    return nil
  }
}
