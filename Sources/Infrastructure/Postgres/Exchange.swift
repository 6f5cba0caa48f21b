import NIOCore

/// One round trip: statements that the server runs as a unit, and who waits for their answers.
struct Exchange: Sendable {
  let queries: [Query]
  /// 1 for the first try.
  var attempt = 1
  let continuation: CheckedContinuation<ExchangeOutcome, Never>

  init(_ queries: [Query], _ continuation: CheckedContinuation<ExchangeOutcome, Never>) {
    self.queries = queries
    self.continuation = continuation
  }

  var isRepeatable: Bool { queries.allSatisfy(\.statement.repeatable) }

  func finish(_ outcome: ExchangeOutcome) {
    continuation.resume(returning: outcome)
  }
}

enum ExchangeOutcome: Sendable {
  /// One for each query.
  case rows([Rows])
  /// The server refused one of the statements; the connection is well.
  case failed(PostgresError)
  /// The connection broke first, so what the server did is not known.
  case lost(PostgresError)

  func get() throws(PostgresError) -> [Rows] {
    switch self {
    case .rows(let rows): return rows
    case .failed(let error), .lost(let error): throw error
    }
  }
}

/// A statement as one connection knows it.
final class Prepared {
  let statement: Statement
  let types: [UInt32]
  let timer: StatementTimer
  /// Why the server refused to prepare it.
  var failure: PostgresError?

  init(_ statement: Statement, types: [UInt32], timer: StatementTimer) {
    self.statement = statement
    self.types = types
    self.timer = timer
  }

  /// Whether a use of this name is the statement that was prepared, with the same types.
  func fits(_ query: Query) -> Bool {
    guard types.count == query.binds.count, statement.sql == query.statement.sql else {
      return false
    }
    for (type, bind) in zip(types, query.binds) where type != bind.typeID { return false }
    return true
  }
}
