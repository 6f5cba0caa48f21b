package import Streams

extension PushRuleError {
  /// How a client is told.
  ///
  /// spec: client-server-api#put_matrixclientv3pushrulesglobalkindruleid
  package var refusal: OwnerError {
    switch self {
    case .unknownRule:
      .refused(status: 404, code: "M_NOT_FOUND", reason: "The push rule was not found")
    case .unknownNeighbour(let id):
      .refused(
        status: 400, code: "M_UNKNOWN", reason: "before/after rule not found: \(id.prefix(64))")
    case .reservedID:
      Self.invalid("Rule IDs that begin with a dot are reserved for server-default rules")
    case .invalidID(let reason): Self.invalid("Invalid rule ID: \(reason)")
    case .invalidAction: Self.invalid("actions must be a list of known actions")
    case .invalidConditions: Self.invalid("conditions must be a list of conditions")
    case .patternMissing:
      .refused(status: 400, code: "M_MISSING_PARAM", reason: "A content rule needs a pattern")
    case .tooLarge(let what, let limit):
      Self.invalid("Too many or too long \(what): the limit is \(limit)")
    }
  }

  private static func invalid(_ reason: String) -> OwnerError {
    .refused(status: 400, code: "M_INVALID_PARAM", reason: reason)
  }
}
