import MatrixIdentifiers
import Postgres

/// Deactivated users who have not left all their rooms yet.
enum DepartureStore {
  static func queue(_ user: UserID, now: Int64, on transaction: any Querying) async throws {
    _ = try await transaction.query(insert, [.text(user.text), .int(now)])
  }

  /// The user who waits longest, for one caller until `end`.
  static func claim(
    until end: Int64, now: Int64, on database: any Querying
  ) async throws -> UserID? {
    let rows = try await database.query(claimNext, [.int(end), .int(now)])
    return rows.text(0, 0).flatMap(UserID.init)
  }

  static func renew(
    _ user: UserID, until end: Int64, on database: any Querying
  ) async throws {
    _ = try await database.query(renewClaim, [.text(user.text), .int(end)])
  }

  static func finish(_ user: UserID, on database: any Querying) async throws {
    _ = try await database.query(delete, [.text(user.text)])
  }

  private static let insert = Statement(
    "accounts_queue_departure",
    """
    INSERT INTO users_pending_deactivation (user_id, queued_at, claimed_until)
    VALUES ($1, $2, 0) ON CONFLICT (user_id) DO NOTHING
    """)

  private static let claimNext = Statement(
    "accounts_claim_departure",
    """
    UPDATE users_pending_deactivation SET claimed_until = $1 WHERE user_id = (
      SELECT user_id FROM users_pending_deactivation WHERE claimed_until <= $2
      ORDER BY queued_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING user_id
    """)

  private static let renewClaim = Statement(
    "accounts_renew_departure",
    "UPDATE users_pending_deactivation SET claimed_until = $2 WHERE user_id = $1")

  private static let delete = Statement(
    "accounts_finish_departure", "DELETE FROM users_pending_deactivation WHERE user_id = $1")
}
