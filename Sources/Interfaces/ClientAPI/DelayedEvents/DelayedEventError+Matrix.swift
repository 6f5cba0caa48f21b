package import DelayedEvents
package import HTTPServing

/// The one place that says how clients are told about a `DelayedEventError`.
extension DelayedEventError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .disabled: return .forbidden("This server does not send delayed events")
    case .delayTooLong(let limit):
      return .forbidden("The delay is longer than the \(limit) ms that are allowed")
    case .badDelay: return .invalidParam("The delay must be a positive number of milliseconds")
    case .tooMany(let retryAfter):
      var error = MatrixError.limitExceeded(retryAfterMs: retryAfter)
      error.message = "The maximum number of delayed events has been reached"
      return error
    case .unknown: return .notFound("Delayed event not found")
    case .conflict:
      return MatrixError(
        status: 409, code: .unknown, message: "The delayed event has already ended otherwise")
    case .unusable(let field): return .invalidParam("\(field) is too long or holds NUL")
    case .badToken: return .invalidParam("Invalid token in from")
    }
  }
}
