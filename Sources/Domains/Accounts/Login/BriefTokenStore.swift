import MatrixIdentifiers
import Postgres

/// Tokens that live for minutes and stand for nothing but their user.
enum BriefTokenStore {
  enum Kind {
    case login
    case openID
  }

  struct Token: Sendable {
    let hash: [UInt8]
    let userID: UserID
    /// Milliseconds since the epoch.
    let validUntil: Int64
  }

  /// How many tokens that have run out are deleted for each new one.
  private static let sweptPerInsert: Int64 = 10

  static func insert(
    _ token: Token, in kind: Kind, now: Int64, on database: any Querying
  ) async throws {
    let statements = statements(kind)
    _ = try await database.queryAll([
      Query(
        statements.insert, [.bytes(token.hash), .text(token.userID.text), .int(token.validUntil)]),
      Query(statements.sweep, [.int(now), .int(sweptPerInsert)]),
    ])
  }

  /// - Returns: how many tokens were deleted.
  static func removeExpired(
    in kind: Kind, now: Int64, limit: Int64, on database: any Querying
  ) async throws -> Int {
    try await database.query(statements(kind).sweep, [.int(now), .int(limit)]).affectedRows
  }

  static func find(
    _ hash: [UInt8], in kind: Kind, now: Int64, on database: any Querying
  ) async throws -> UserID? {
    let rows = try await database.query(statements(kind).find, [.bytes(hash), .int(now)])
    return rows.text(0, 0).flatMap(UserID.init)
  }

  /// The user, for one caller only.
  static func take(
    _ hash: [UInt8], in kind: Kind, now: Int64, on database: any Querying
  ) async throws -> UserID? {
    let rows = try await database.query(statements(kind).take, [.bytes(hash), .int(now)])
    return rows.text(0, 0).flatMap(UserID.init)
  }

  static func deleteAll(of user: UserID, on transaction: any Querying) async throws {
    _ = try await transaction.queryAll(
      [Kind.login, .openID].map { Query(statements($0).deleteAll, [.text(user.text)]) })
  }

  private struct Statements {
    let insert, sweep, find, take, deleteAll: Statement

    init(_ table: String) {
      insert = Statement(
        "accounts_insert_\(table)",
        "INSERT INTO \(table) (token_hash, user_id, valid_until) VALUES ($1, $2, $3)")
      sweep = Statement(
        "accounts_sweep_\(table)",
        """
        DELETE FROM \(table) WHERE token_hash IN (
          SELECT token_hash FROM \(table) WHERE valid_until < $1
          ORDER BY valid_until LIMIT $2 FOR UPDATE SKIP LOCKED)
        """)
      find = Statement(
        "accounts_find_\(table)",
        """
        SELECT t.user_id FROM \(table) t JOIN users u USING (user_id)
        WHERE t.token_hash = $1 AND t.valid_until > $2 AND NOT u.deactivated
        """)
      take = Statement(
        "accounts_take_\(table)",
        "DELETE FROM \(table) WHERE token_hash = $1 AND valid_until > $2 RETURNING user_id")
      deleteAll = Statement(
        "accounts_delete_\(table)", "DELETE FROM \(table) WHERE user_id = $1")
    }
  }

  private static let login = Statements("login_tokens")
  private static let openID = Statements("open_id_tokens")

  private static func statements(_ kind: Kind) -> Statements {
    switch kind {
    case .login: login
    case .openID: openID
    }
  }
}
