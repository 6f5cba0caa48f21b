import Postgres

enum RegistrationTokenStore {
  /// Tokens that one answer lists.
  private static let listLimit: Int64 = 10_000

  static func find(_ token: String, on database: any Querying) async throws -> RegistrationToken? {
    decode(try await database.query(select, [.text(token)])).first
  }

  static func list(on database: any Querying) async throws -> [RegistrationToken] {
    decode(try await database.query(selectAll, [.int(listLimit)]))
  }

  /// False when there is one of that name.
  static func insert(
    _ token: RegistrationToken, on database: any Querying
  ) async throws -> Bool {
    let binds: [Bind] = [.text(token.token), .int(token.usesAllowed), .int(token.expiryTime)]
    return try await database.query(insertToken, binds).affectedRows == 1
  }

  /// The token after the change; nil when there is none.
  static func update(
    _ token: String, usesAllowed: Int64??, expiryTime: Int64??, on database: any Querying
  ) async throws -> RegistrationToken? {
    let rows = try await database.query(
      updateToken,
      [
        .text(token), .bool(usesAllowed != nil), .int(usesAllowed ?? nil),
        .bool(expiryTime != nil), .int(expiryTime ?? nil),
      ])
    return decode(rows).first
  }

  static func delete(_ token: String, on database: any Querying) async throws -> Bool {
    try await database.query(deleteToken, [.text(token)]).affectedRows == 1
  }

  /// Sets one use aside; false when none is left.
  static func reserve(
    _ token: String, now: Int64, on transaction: any Querying
  ) async throws -> Bool {
    try await transaction.query(reserveUse, [.text(token), .int(now)]).affectedRows == 1
  }

  /// The use that was set aside has made an account.
  static func complete(_ token: String, on transaction: any Querying) async throws {
    _ = try await transaction.query(completeUse, [.text(token)])
  }

  private static func decode(_ rows: Rows) -> [RegistrationToken] {
    (0..<rows.count).map { row in
      RegistrationToken(
        token: rows.text(row, 0) ?? "", usesAllowed: rows.int(row, 1),
        pending: rows.int(row, 2) ?? 0, completed: rows.int(row, 3) ?? 0,
        expiryTime: rows.int(row, 4))
    }
  }

  private static let columns = "token, uses_allowed, pending, completed, expiry_time"

  private static let select = Statement(
    "accounts_registration_token",
    "SELECT \(columns) FROM registration_tokens WHERE token = $1")

  private static let selectAll = Statement(
    "accounts_registration_tokens",
    "SELECT \(columns) FROM registration_tokens ORDER BY token LIMIT $1")

  private static let insertToken = Statement(
    "accounts_insert_registration_token",
    """
    INSERT INTO registration_tokens (token, uses_allowed, expiry_time) VALUES ($1, $2, $3)
    ON CONFLICT (token) DO NOTHING
    """)

  private static let updateToken = Statement(
    "accounts_update_registration_token",
    """
    UPDATE registration_tokens SET
      uses_allowed = CASE WHEN $2 THEN $3 ELSE uses_allowed END,
      expiry_time = CASE WHEN $4 THEN $5 ELSE expiry_time END
    WHERE token = $1 RETURNING \(columns)
    """)

  private static let deleteToken = Statement(
    "accounts_delete_registration_token", "DELETE FROM registration_tokens WHERE token = $1")

  private static let reserveUse = Statement(
    "accounts_reserve_registration_token",
    """
    UPDATE registration_tokens SET pending = pending + 1
    WHERE token = $1 AND (uses_allowed IS NULL OR pending + completed < uses_allowed)
      AND (expiry_time IS NULL OR expiry_time >= $2)
    """)

  private static let completeUse = Statement(
    "accounts_complete_registration_token",
    """
    UPDATE registration_tokens
    SET pending = greatest(pending - 1, 0), completed = completed + 1 WHERE token = $1
    """)
}
