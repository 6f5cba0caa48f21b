/// Why a statement, a transaction or a connection failed. Carries no bind values.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// No connection, or it broke before the answer came; nothing of the transaction is kept.
    /// (A single statement outside of a transaction that is not repeatable may have run.)
    case unavailable
    /// More work waits for a connection than the pool's limits allow.
    case overloaded
    /// A conflict with a concurrent transaction; running the transaction again is the remedy.
    case serialization
    /// As `serialization`, but two transactions waited for each other.
    case deadlock
    case uniqueViolation
    /// The writer's lease was lost: SQLSTATE AP001, raised by `apus_fence`.
    case fenced
    case statementTimeout
    /// The connection broke during COMMIT and the outcome could not be found out in time.
    case commitOutcomeUnknown
    case other
  }

  package let kind: Kind
  /// The server's five-character code; nil when the error arose on this side.
  package let sqlState: String?
  package let message: String
  /// The violated constraint's name, if the server named one.
  package let constraint: String?
  /// The name of the statement that failed.
  package let statement: String?

  package init(
    _ kind: Kind, _ message: String, sqlState: String? = nil, constraint: String? = nil,
    statement: String? = nil
  ) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
    self.constraint = constraint
    self.statement = statement
  }

  /// True when running the whole transaction again may succeed at once.
  package var isConflict: Bool { kind == .serialization || kind == .deadlock }

  package var description: String {
    var text = message
    if let statement { text += " [statement \(statement)]" }
    if let sqlState { text += " [SQLSTATE \(sqlState)]" }
    if let constraint { text += " [constraint \(constraint)]" }
    return text
  }
}

extension PostgresError.Kind {
  /// Classifies a server error by its code.
  init(sqlState: String) {
    switch sqlState {
    case "40001": self = .serialization
    case "40P01": self = .deadlock
    case "23505": self = .uniqueViolation
    case "AP001": self = .fenced
    case "57014": self = .statementTimeout
    case "57P01", "57P02", "57P03", "53300", "25P03": self = .unavailable
    default: self = sqlState.hasPrefix("08") ? .unavailable : .other
    }
  }
}
