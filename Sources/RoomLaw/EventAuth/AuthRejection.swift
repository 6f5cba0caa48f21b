/// Why an event is refused. Holds nothing of the event, so it may be logged and sent to clients.
package struct AuthRejection: Error, Sendable, Equatable {
  /// The short code of an `AuthRule`.
  package let rule: String
  /// For people.
  package let reason: String

  package init(rule: String, reason: String) {
    self.rule = rule
    self.reason = reason
  }

  package init(_ rule: AuthRule) {
    self.init(rule: rule.rawValue, reason: rule.reason)
  }
}
