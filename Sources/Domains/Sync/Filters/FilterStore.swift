package import MatrixIdentifiers
package import Postgres

/// The filters that clients have stored. They never change once stored.
package struct FilterStore: Sendable {
  /// Filters of one user. Clients need a few, and store the same ones again and again.
  package static let limit = 1000

  package enum Failure: Error, Sendable, Equatable {
    /// The user has `limit` other filters.
    case tooMany
  }

  private static let insert = Statement(
    "filter_insert",
    """
    WITH known AS (
      SELECT filter_id FROM user_filters WHERE user_id = $1 AND definition = $2
    ), added AS (
      INSERT INTO user_filters (user_id, filter_id, definition)
      SELECT $1, coalesce(max(filter_id) + 1, 0), $2 FROM user_filters WHERE user_id = $1
      HAVING NOT EXISTS (SELECT FROM known) AND count(*) < $3
      RETURNING filter_id
    )
    SELECT filter_id FROM known UNION ALL SELECT filter_id FROM added
    """)
  private static let select = Statement(
    "filter_select",
    "SELECT definition FROM user_filters WHERE user_id = $1 AND filter_id = $2")
  /// Tries when two requests of one user race for the next id.
  private static let insertTries = 5

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// Stores a filter given as canonical JSON; the same filter keeps its id.
  /// - Throws: `Failure`.
  package func add(_ definition: [UInt8], for user: UserID) async throws -> Int64 {
    var tries = Self.insertTries
    while true {
      do {
        let rows = try await database.query(
          Self.insert, [.text(user.text), .bytes(definition), .int(Int64(Self.limit))])
        guard rows.count > 0, let id = rows.int(0, 0) else { throw Failure.tooMany }
        return id
      } catch let error as PostgresError where error.kind == .uniqueViolation && tries > 0 {
        tries -= 1
      }
    }
  }

  package func definition(_ id: Int64, of user: UserID) async throws -> [UInt8]? {
    let rows = try await database.query(Self.select, [.text(user.text), .int(id)])
    return rows.count > 0 ? rows.bytes(0, 0) : nil
  }
}
