package import Postgres

/// Remembers the names of the queries that are made.
package final class CountingDatabase: Querying {
  private let database: Database
  private let names = Locked<[String]>([])

  package init(_ database: Database) {
    self.database = database
  }

  /// The queries since the last call.
  package func taken() -> [String] {
    names.withLock { names in
      defer { names = [] }
      return names
    }
  }

  package func query(_ statement: Statement, _ binds: [Bind]) async throws -> Rows {
    names.withLock { $0.append(statement.name) }
    return try await database.query(statement, binds)
  }

  package func queryAll(_ batch: [Query]) async throws -> [Rows] {
    names.withLock { $0 += batch.map(\.statement.name) }
    return try await database.queryAll(batch)
  }
}
