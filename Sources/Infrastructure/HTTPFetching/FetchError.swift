/// Why there is no answer.
package struct FetchError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: String, Sendable {
    /// No connection: refused, unreachable, unknown name, failed TLS handshake.
    case connectFailed
    case timeout
    /// The connection ended before the answer was complete.
    case closed
    case responseTooLarge
    /// What came is no HTTP answer.
    case malformedResponse
    /// Too many requests wait for this endpoint.
    case overloaded
    /// The path or a header holds characters that cannot be sent.
    case invalidRequest
    case cancelled
    case shutdown
  }

  /// Whether the server may have acted on the request.
  package enum Delivery: Sendable {
    case notSent, mayHaveBeenSent
  }

  package let kind: Kind
  package let delivery: Delivery
  package let endpoint: Endpoint
  /// For logs: a reason of the system or the library, never content.
  package let reason: String

  init(_ kind: Kind, _ delivery: Delivery, _ endpoint: Endpoint, reason: String = "") {
    self.kind = kind
    self.delivery = delivery
    self.endpoint = endpoint
    self.reason = reason
  }

  package var description: String {
    let sent = delivery == .notSent ? "not sent" : "may have been sent"
    return "\(endpoint): \(kind.rawValue) (\(sent))\(reason.isEmpty ? "" : ": \(reason)")"
  }

  /// True when another try may help and can do no harm.
  func allowsAnotherTry(isIdempotent: Bool) -> Bool {
    switch kind {
    case .connectFailed, .closed, .malformedResponse:
      delivery == .notSent || isIdempotent
    case .timeout, .responseTooLarge, .overloaded, .invalidRequest, .cancelled, .shutdown: false
    }
  }
}
