import Postgres

/// Nonces in the database, so that any process can take one that another gave out.
enum NonceStore {
  /// How many nonces that have run out are deleted for each new one.
  private static let sweptPerInsert: Int64 = 10

  static func insert(
    _ nonce: String, now: Int64, expiredBefore: Int64, on database: any Querying
  ) async throws {
    _ = try await database.queryAll([
      Query(insertNonce, [.text(nonce), .int(now)]),
      Query(sweep, [.int(expiredBefore), .int(sweptPerInsert)]),
    ])
  }

  /// - Returns: how many nonces were deleted.
  static func removeExpired(
    before time: Int64, limit: Int64, on database: any Querying
  ) async throws -> Int {
    try await database.query(sweep, [.int(time), .int(limit)]).affectedRows
  }

  /// True for one caller only, and only while the nonce is fresh.
  static func take(
    _ nonce: String, notBefore: Int64, on database: any Querying
  ) async throws -> Bool {
    let rows = try await database.query(takeNonce, [.text(nonce), .int(notBefore)])
    return rows.affectedRows == 1
  }

  private static let insertNonce = Statement(
    "accounts_insert_nonce", "INSERT INTO registration_nonces (nonce, created_at) VALUES ($1, $2)")

  private static let sweep = Statement(
    "accounts_sweep_nonces",
    """
    DELETE FROM registration_nonces WHERE nonce IN (
      SELECT nonce FROM registration_nonces WHERE created_at < $1
      ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    """)

  private static let takeNonce = Statement(
    "accounts_take_nonce", "DELETE FROM registration_nonces WHERE nonce = $1 AND created_at >= $2")
}
