/// Why a change of a user's rules was refused.
package enum PushRuleError: Error, Sendable, Equatable {
  case unknownRule
  /// The rule that `before` or `after` names is none of the user's own.
  case unknownNeighbour(String)
  /// Ids that begin with a dot are the server's.
  case reservedID
  case invalidID(reason: String)
  case invalidAction
  case invalidConditions
  case patternMissing
  case tooLarge(what: String, limit: Int)
}
