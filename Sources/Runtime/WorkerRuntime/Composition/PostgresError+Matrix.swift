package import HTTPServing
package import Postgres

/// A database that is away or overloaded is a reason to come back, not a fault of the request.
extension PostgresError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch kind {
    case .unavailable, .overloaded, .commitOutcomeUnknown, .statementTimeout, .serialization,
      .deadlock, .fenced:
      .unavailable()
    case .uniqueViolation, .other:
      .internalError
    }
  }
}
