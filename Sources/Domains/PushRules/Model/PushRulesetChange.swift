import MatrixIdentifiers
package import MatrixJSON

/// A rule that a client asks to be made, or to be made anew.
package struct RuleDraft: Sendable {
  /// Bytes of a rule's conditions.
  static let conditionsLimit = 8192
  /// Bytes of a content rule's pattern.
  static let patternLimit = 1024

  let actions: PushActionList
  let conditions: [UInt8]
  let pattern: String?

  /// - Parameter body: of the request.
  /// - Throws: why the rule cannot be of this kind.
  package init(_ body: JSONView, kind: PushRuleKind) throws(PushRuleError) {
    guard let actions = body["actions"] else { throw .invalidAction }
    self.actions = try PushActionList(actions)
    conditions = kind.hasConditions ? try Self.conditions(body["conditions"]) : []
    guard kind == .content else {
      pattern = nil
      return
    }
    guard let text = body["pattern"]?.string else { throw .patternMissing }
    guard text.utf8.count <= Self.patternLimit else {
      throw .tooLarge(what: "pattern", limit: Self.patternLimit)
    }
    pattern = text
  }

  /// Of a rule that the server makes itself.
  init(actions: PushActionList, conditions: [UInt8]) {
    self.actions = actions
    self.conditions = conditions
    pattern = nil
  }

  private static func conditions(_ view: JSONView?) throws(PushRuleError) -> [UInt8] {
    guard let view, !view.isNull else { return JSON.array([]).bytes }
    guard view.kind == .array,
      view.elements.allSatisfy({ $0["kind"]?.string != nil })
    else { throw .invalidConditions }
    guard view.rawBytes.count <= conditionsLimit else {
      throw .tooLarge(what: "conditions", limit: conditionsLimit)
    }
    return JSON(view).bytes
  }
}

/// Where a rule is to stand among the user's own of its kind.
package enum RulePlace: Sendable, Equatable {
  /// Where it is; a new rule becomes the most important.
  case unchanged
  /// The next more important than this one.
  case before(String)
  /// The next less important than this one.
  case after(String)
}

/// What a client may do to a user's rules.
package enum PushRulesetChange: Sendable {
  case put(PushRuleKind, id: String, RuleDraft, RulePlace)
  case delete(PushRuleKind, id: String)
  case setEnabled(PushRuleKind, id: String, Bool)
  case setActions(PushRuleKind, id: String, PushActionList)
}

extension PushRuleset {
  /// Rules of one user, of all kinds.
  static let ruleLimit = 5000
  /// Bytes of a stored ruleset.
  static let sizeLimit = 512 << 10
  /// Bytes of a rule's id.
  static let idLimit = 512

  /// - Throws: `.unknownRule`, or what is wrong with a new rule; then nothing has changed.
  package mutating func apply(_ change: PushRulesetChange) throws(PushRuleError) {
    switch change {
    case .put(let kind, let id, let draft, let place):
      try put(kind, id, draft, place)
    case .delete(let kind, let id):
      guard let index = own[kind]?.firstIndex(where: { sameBytes($0.id, id) }) else {
        throw .unknownRule
      }
      own[kind]?.remove(at: index)
      if own[kind]?.isEmpty == true { own[kind] = nil }
    case .setEnabled(let kind, let id, let isEnabled):
      try modify(kind, id) {
        $0.isEnabled = isEnabled
      } predefined: { rule, adjustment in
        adjustment.isEnabled = isEnabled == rule.isEnabledByDefault ? nil : isEnabled
      }
    case .setActions(let kind, let id, let actions):
      try modify(kind, id) {
        $0.actions = actions
      } predefined: { rule, adjustment in
        adjustment.actions = actions == rule.actions ? nil : actions
      }
    }
  }

  private mutating func modify(
    _ kind: PushRuleKind, _ id: String, _ change: (inout OwnRule) -> Void,
    predefined: (PredefinedRule, inout Adjustment) -> Void
  ) throws(PushRuleError) {
    if let rule = PredefinedRule(id: id, kind: kind) {
      var adjustment = adjusted[rule] ?? Adjustment()
      predefined(rule, &adjustment)
      adjusted[rule] = adjustment == Adjustment() ? nil : adjustment
      return
    }
    guard var rules = own[kind], let index = rules.firstIndex(where: { sameBytes($0.id, id) })
    else { throw .unknownRule }
    change(&rules[index])
    own[kind] = rules
  }

  private mutating func put(
    _ kind: PushRuleKind, _ id: String, _ draft: RuleDraft, _ place: RulePlace
  ) throws(PushRuleError) {
    try Self.check(id)
    var rules = own[kind] ?? []
    let current = rules.firstIndex { sameBytes($0.id, id) }
    let rule = OwnRule(
      id: id, isEnabled: current.map { rules[$0].isEnabled } ?? true, actions: draft.actions,
      conditions: draft.conditions, pattern: draft.pattern)
    if let current {
      rules[current] = rule
    } else {
      rules.insert(rule, at: 0)
    }
    try Self.move(id, to: place, in: &rules)
    guard
      own.values.reduce(rules.count, { $0 + $1.count }) - (own[kind]?.count ?? 0)
        <= Self.ruleLimit
    else { throw .tooLarge(what: "rules", limit: Self.ruleLimit) }
    var changed = self
    changed.own[kind] = rules
    guard changed.stored.count <= Self.sizeLimit else {
      throw .tooLarge(what: "rules in bytes", limit: Self.sizeLimit)
    }
    self = changed
  }

  private static func check(_ id: String) throws(PushRuleError) {
    guard id.utf8.first != UInt8(ascii: ".") else { throw .reservedID }
    guard !id.isEmpty else { throw .invalidID(reason: "a rule's id may not be empty") }
    guard !id.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }) else {
      throw .invalidID(reason: "a rule's id may not have slashes")
    }
    guard !id.utf8.contains(0) else {
      throw .invalidID(reason: "a rule's id may not have NUL characters")
    }
    guard id.utf8.count <= idLimit else {
      throw .invalidID(reason: "a rule's id may have at most \(idLimit) bytes")
    }
  }

  private static func move(
    _ id: String, to place: RulePlace, in rules: inout [OwnRule]
  ) throws(PushRuleError) {
    let neighbour: String
    let offset: Int
    switch place {
    case .unchanged: return
    case .before(let other): (neighbour, offset) = (other, 0)
    case .after(let other): (neighbour, offset) = (other, 1)
    }
    guard !sameBytes(neighbour, id) else { throw .unknownNeighbour(neighbour) }
    guard let from = rules.firstIndex(where: { sameBytes($0.id, id) }),
      rules.contains(where: { sameBytes($0.id, neighbour) })
    else { throw .unknownNeighbour(neighbour) }
    let rule = rules.remove(at: from)
    let target = rules.firstIndex { sameBytes($0.id, neighbour) } ?? 0
    rules.insert(rule, at: target + offset)
  }
}
