package import Postgres

/// Removes what of accounts has run out, at most `limit` rows of each kind at a time. Much of it
/// is removed along with what is made anew; this is for the rest, on a server where little is.
package enum AccountCleanup {
  /// How long a token that has ended is still known, milliseconds: its client is told that it may
  /// sign in again without losing its keys.
  private static let endedTokenLifetime: Int64 = 90 * 86_400_000

  /// Sessions of user-interactive authentication, nonces and tokens that live for minutes.
  /// - Returns: how many rows were removed of the kind of which most were.
  package static func removeBriefRows(
    now: Int64, limit: Int64, on database: any Querying
  ) async throws -> Int {
    let counts = [
      try await InteractiveAuthStore.removeExpired(
        before: now - InteractiveAuth.lifetime, limit: limit, on: database),
      try await NonceStore.removeExpired(
        before: now - SharedSecretRegistration.nonceLifetime, limit: limit, on: database),
      try await BriefTokenStore.removeExpired(in: .login, now: now, limit: limit, on: database),
      try await BriefTokenStore.removeExpired(in: .openID, now: now, limit: limit, on: database),
    ]
    return counts.max() ?? 0
  }

  /// Access tokens that ended long ago, unless their client can still refresh them.
  /// - Returns: how many were removed.
  package static func removeEndedTokens(
    now: Int64, limit: Int64, on database: any Querying
  ) async throws -> Int {
    try await database.query(
      deleteEnded, [.int(now - endedTokenLifetime), .int(now), .int(limit)]
    ).affectedRows
  }

  private static let deleteEnded = Statement(
    "accounts_remove_ended_tokens",
    """
    DELETE FROM access_tokens WHERE token_hash IN (
      SELECT t.token_hash FROM access_tokens t
      WHERE t.valid_until < $1 AND NOT EXISTS (
        SELECT 1 FROM refresh_tokens r
        WHERE r.user_id = t.user_id AND r.device_id = t.device_id
          AND (r.current_valid_until IS NULL OR r.current_valid_until > $2)
          AND (r.session_end IS NULL OR r.session_end > $2))
      LIMIT $3 FOR UPDATE SKIP LOCKED)
    """)
}
