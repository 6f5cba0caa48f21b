package import MatrixJSON

/// An answer that refuses a request. The message goes to the client: it never holds secrets,
/// message bodies or the text of internal errors.
package struct MatrixError: Error, Sendable, Equatable {
  package var status: Int
  package var code: ErrorCode
  package var message: String
  /// Further members of the answer beside `errcode` and `error`.
  package var fields: [String: JSON]
  /// Milliseconds; also sent as the `Retry-After` header.
  package var retryAfter: Int64?
  /// Further headers of the answer.
  var allow: String?

  package init(
    status: Int, code: ErrorCode, message: String, fields: [String: JSON] = [:]
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.fields = fields
  }

  /// The members of the answer's JSON object.
  package var members: [String: JSON] {
    var members = fields
    members["errcode"] = .string(code.rawValue)
    members["error"] = .string(message)
    if let retryAfter { members["retry_after_ms"] = .integer(retryAfter) }
    return members
  }
}

/// An error of another module that knows how a client is told about it.
package protocol MatrixErrorConvertible: Error {
  var matrixError: MatrixError { get }
}

extension MatrixError {
  package static func badRequest(
    _ message: String, code: ErrorCode = .unknown
  ) -> MatrixError {
    MatrixError(status: 400, code: code, message: message)
  }

  package static func notFound(_ message: String = "Not found") -> MatrixError {
    MatrixError(status: 404, code: .notFound, message: message)
  }

  package static func forbidden(_ message: String = "Forbidden") -> MatrixError {
    MatrixError(status: 403, code: .forbidden, message: message)
  }

  package static func badJSON(_ message: String) -> MatrixError {
    MatrixError(status: 400, code: .badJSON, message: message)
  }

  package static func notJSON(_ message: String = "Content not JSON") -> MatrixError {
    MatrixError(status: 400, code: .notJSON, message: message)
  }

  package static func missingParam(_ name: String) -> MatrixError {
    MatrixError(status: 400, code: .missingParam, message: "Missing parameter: \(name)")
  }

  package static func invalidParam(_ message: String) -> MatrixError {
    MatrixError(status: 400, code: .invalidParam, message: message)
  }

  package static let missingToken = MatrixError(
    status: 401, code: .missingToken, message: "Missing access token")

  /// - Parameter softLogout: the device still exists; the client may log in again and keep its keys.
  // spec: client-server-api#soft-logout
  package static func unknownToken(softLogout: Bool = false) -> MatrixError {
    MatrixError(
      status: 401, code: .unknownToken, message: "Unrecognised access token",
      fields: ["soft_logout": .bool(softLogout)])
  }

  /// - Parameter milliseconds: when the client may try again.
  // spec: client-server-api#rate-limiting
  package static func limitExceeded(retryAfterMs milliseconds: Int64) -> MatrixError {
    var error = MatrixError(status: 429, code: .limitExceeded, message: "Too many requests")
    error.retryAfter = max(0, milliseconds)
    return error
  }

  /// No route has the path.
  package static let unrecognized = MatrixError(
    status: 404, code: .unrecognized, message: "Unrecognized request")

  /// A route has the path, with other methods.
  package static func methodNotAllowed(_ allowed: [HTTPMethod]) -> MatrixError {
    var error = MatrixError(
      status: 405, code: .unrecognized, message: "Unrecognized request method")
    error.allow = allowed.map(\.rawValue).joined(separator: ", ")
    return error
  }

  package static func tooLarge(
    _ message: String = "The request is too large"
  ) -> MatrixError {
    MatrixError(status: 413, code: .tooLarge, message: message)
  }

  package static let internalError = MatrixError(
    status: 500, code: .unknown, message: "Internal server error")

  /// The work was not done and may be tried again.
  package static func unavailable(
    _ message: String = "The server is temporarily unavailable"
  ) -> MatrixError {
    MatrixError(status: 503, code: .unknown, message: message)
  }
}
