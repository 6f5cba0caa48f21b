package import MatrixJSON

/// Why bytes are no event, or why an event cannot be made.
package enum EventError: Error, Sendable, Equatable {
  /// No JSON, or JSON that has no canonical form.
  case json(JSONError)
  /// The key is missing, of the wrong type, or breaks its grammar.
  case malformed(key: String)
  /// The key, or the whole event when nil, is over its limit.
  case tooLarge(key: String?)
}

/// Limits of events.
///
/// spec: client-server-api#size-limits, and the PDU formats of the room versions
package enum EventLimits {
  /// Of the canonical form with signatures.
  package static let eventBytes = 65_536
  package static let typeBytes = 255
  package static let stateKeyBytes = 255
  package static let previousEvents = 20
  package static let authEvents = 10
}
