/// SQL under a name. Each connection prepares it once, when it is first used there, with the
/// parameter types of that first use; so a statement is always given the same kinds of `Bind`.
///
/// Results come in Postgres's binary form: select only integers, text, bytea, bool, double and
/// arrays of them, and cast the rest (`numeric`, `jsonb`, `inet`, ...) in the SQL.
package struct Statement: Sendable {
  /// At most 63 bytes; used in metrics and errors.
  package let name: String
  package let sql: String
  /// May be sent again when the connection broke before the answer came.
  package let repeatable: Bool

  /// - Parameter repeatable: nil means that it is decided by the SQL: a `SELECT` is repeatable,
  ///   anything else is not. Pass false for a `SELECT` that calls a function which writes.
  package init(_ name: String, _ sql: String, repeatable: Bool? = nil) {
    self.name = name
    self.sql = sql
    self.repeatable = repeatable ?? Self.startsWithSelect(sql)
  }

  private static func startsWithSelect(_ sql: String) -> Bool {
    let word = sql.utf8.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }.prefix(6)
    return word.elementsEqual("SELECT".utf8) || word.elementsEqual("select".utf8)
  }
}

/// A statement with the values of its parameters.
package struct Query: Sendable {
  package let statement: Statement
  package let binds: [Bind]

  package init(_ statement: Statement, _ binds: [Bind] = []) {
    self.statement = statement
    self.binds = binds
  }
}

/// What runs statements: the database itself, or one transaction of it.
package protocol Querying: Sendable {
  /// - Throws: `PostgresError`.
  func query(_ statement: Statement, _ binds: [Bind]) async throws -> Rows

  /// Runs all in one round trip; the first that fails aborts the rest and is thrown.
  /// - Throws: `PostgresError`.
  func queryAll(_ batch: [Query]) async throws -> [Rows]
}

extension Querying {
  package func query(_ statement: Statement) async throws -> Rows {
    try await query(statement, [])
  }
}
