import MatrixIdentifiers
import RoomEvents

/// What one event means to users by their rules. The event's features are taken out of it once;
/// what the predefined rules make of it is a set of bits that all users share.
struct RulesetEvaluator {
  let features: EventFeatures

  init(_ features: EventFeatures) {
    self.features = features
  }

  /// For everybody whose rules are the predefined ones and whom the event does not name.
  /// - Returns: nil for no notification.
  var shared: PushActionList? {
    plain(personal: [])
  }

  /// For a user with the predefined rules.
  /// - Parameter personal: of the rules that depend on the user, those that match.
  func plain(personal: PredefinedRules) -> PushActionList? {
    features.shared.union(personal).intersection(.enabledByDefault).first?.actions.ifNotifying
  }

  /// For a user with rules of their own.
  func evaluate(_ rules: CompiledRuleset, _ user: PushSubject) -> PushActionList? {
    firstMatch(rules, user)?.ifNotifying
  }

  private func firstMatch(_ rules: CompiledRuleset, _ user: PushSubject) -> PushActionList? {
    if rules.enabled.contains(PredefinedRules(.master)) { return rules.actions(of: .master) }
    var steps = EventFeatures.stepLimit
    func match(_ own: [CompiledRuleset.Rule]) -> PushActionList? {
      own.first { rule in
        rule.conditions.allSatisfy { features.fulfils($0, user, steps: &steps) }
      }?.actions
    }
    let matching = features.shared.union(features.personal(user))
      .intersection(rules.enabled)
    func match(predefined kind: PredefinedRules) -> PushActionList? {
      matching.intersection(kind).first.map(rules.actions(of:))
    }
    return match(rules.override) ?? match(predefined: .override)
      ?? matchContent(rules, steps: &steps) ?? match(predefined: .content)
      ?? rules.rooms[features.event.roomID.text] ?? rules.senders[features.event.sender.text]
      ?? match(rules.underride) ?? match(predefined: .underride)
  }

  private func matchContent(_ rules: CompiledRuleset, steps: inout Int) -> PushActionList? {
    guard let body = features.body else { return nil }
    return rules.content.first { $0.pattern.matchesWords(of: body, steps: &steps) }?.actions
  }
}
