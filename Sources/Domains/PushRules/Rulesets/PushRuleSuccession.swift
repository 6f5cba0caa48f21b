package import MatrixIdentifiers
import MatrixJSON

/// What a user has set for notifications of a room goes on to the room that replaces it.
package struct PushRuleSuccession: Sendable {
  private let rules: PushRules

  package init(rules: PushRules) {
    self.rules = rules
  }

  package func follow(_ user: UserID, from old: RoomID, to new: RoomID) async throws {
    for change in try await rules.ruleset(of: user).changes(following: old, to: new) {
      try await rules.change(change, of: user)
    }
  }
}

extension PushRuleset {
  /// What makes the rules that are for one room be there for another one as well.
  func changes(following old: RoomID, to new: RoomID) -> [PushRulesetChange] {
    var changes: [PushRulesetChange] = []
    // The less important first, as each new one becomes the most important.
    for kind in PushRuleKind.allCases {
      for rule in (own[kind] ?? []).reversed() where self.rule(kind, new.text) == nil {
        guard let draft = rule.draft(kind, following: old, to: new) else { continue }
        changes.append(.put(kind, id: new.text, draft, .unchanged))
        if !rule.isEnabled { changes.append(.setEnabled(kind, id: new.text, false)) }
      }
    }
    return changes
  }
}

extension OwnRule {
  fileprivate func draft(
    _ kind: PushRuleKind, following old: RoomID, to new: RoomID
  ) -> RuleDraft? {
    if kind == .room {
      return sameBytes(id, old.text) ? RuleDraft(actions: actions, conditions: []) : nil
    }
    guard kind.hasConditions, let list = try? JSONDocument(conditions).root else { return nil }
    var isForRoom = false
    let changed = list.elements.map { view in
      var condition = JSON(view)
      if condition["key"] == "room_id", condition["pattern"] == .string(old.text) {
        condition["pattern"] = .string(new.text)
        isForRoom = true
      }
      return condition
    }
    return isForRoom
      ? RuleDraft(actions: actions, conditions: JSON.array(changed).bytes) : nil
  }
}
