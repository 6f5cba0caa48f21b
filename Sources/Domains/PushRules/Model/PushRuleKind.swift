/// The kinds of rules in the order in which they are tried.
///
/// spec: client-server-api#push-rules
package enum PushRuleKind: String, Sendable, CaseIterable {
  case override, content, room, sender, underride

  /// Whether rules of the kind state their conditions; those of the others are fixed.
  var hasConditions: Bool {
    self == .override || self == .underride
  }
}
