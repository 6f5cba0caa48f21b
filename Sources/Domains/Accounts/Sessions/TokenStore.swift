import MatrixIdentifiers
import Postgres

/// What an access token stands for.
struct TokenRow: Sendable {
  let requester: Requester
  /// Milliseconds since the epoch; nil for a token that does not expire.
  let validUntil: Int64?
  let deviceSeenAt: Int64?
  /// Set when the first use of the token ends the tokens of the generations before.
  let endsGenerationsBefore: Int64?

  func hasExpired(at now: Int64) -> Bool {
    validUntil.map { $0 <= now } ?? false
  }
}

/// Access and refresh tokens. Whoever changes which of them a user has calls
/// `DeviceStore.lockUser` first in the same transaction, so that no token appears between "these
/// tokens end" and "their devices are gone".
enum TokenStore {
  struct NewToken: Sendable {
    let hash: [UInt8]
    let userID: UserID
    let deviceID: String
    let createdAt: Int64
    var validUntil: Int64?
    /// Nil for a token that is not refreshed.
    var generation: Int64?
    /// When its owner proved by a password who they are; nil: as the device's token before.
    var confirmedAt: Int64?
  }

  static func find(_ hash: [UInt8], on database: any Querying) async throws -> TokenRow? {
    let rows = try await database.query(selectToken, [.bytes(hash)])
    guard rows.count > 0, let user = rows.text(0, 0).flatMap(UserID.init) else { return nil }
    var override: RateLimitOverride?
    if let perSecond = rows.int(0, 6), let burst = rows.int(0, 7) {
      override = RateLimitOverride(messagesPerSecond: perSecond, burstCount: burst)
    }
    return TokenRow(
      requester: Requester(
        userID: user, deviceID: rows.text(0, 1), tokenHash: hash,
        isAdmin: rows.bool(0, 3) ?? false, isGuest: rows.bool(0, 4) ?? false,
        rateLimitOverride: override),
      validUntil: rows.int(0, 2), deviceSeenAt: rows.int(0, 5),
      endsGenerationsBefore: rows.int(0, 8))
  }

  /// Makes the device if needed, ends its tokens and gives it the new one.
  /// - Returns: the hashes of the tokens that ended.
  static func replace(
    with token: NewToken, deviceName: String?, on transaction: any Querying
  ) async throws -> [[UInt8]] {
    let device: [Bind] = [.text(token.userID.text), .text(token.deviceID)]
    let results = try await transaction.queryAll([
      Query(insertDevice, device + [.text(deviceName), .int(token.createdAt)]),
      Query(endDeviceTokens, device),
      Query(deleteRefreshTokens, device),
      insertion(of: token),
    ])
    return hashes(results[1])
  }

  static func insert(_ token: NewToken, on transaction: any Querying) async throws {
    let query = insertion(of: token)
    _ = try await transaction.query(query.statement, query.binds)
  }

  /// The hashes of a user's tokens, for caches of what they stand for.
  static func hashes(of user: UserID, on database: any Querying) async throws -> [[UInt8]] {
    hashes(try await database.query(selectHashes, [.text(user.text)]))
  }

  /// - Returns: the hashes of the tokens that ended.
  static func endGenerations(
    _ range: ClosedRange<Int64>, of user: UserID, _ deviceID: String,
    on transaction: any Querying
  ) async throws -> [[UInt8]] {
    hashes(
      try await transaction.query(
        endTokenGenerations,
        [
          .text(user.text), .text(deviceID), .int(range.lowerBound), .int(range.upperBound),
        ]))
  }

  /// When the owner of the token last proved by a password who they are.
  static func confirmedAt(_ hash: [UInt8], on database: any Querying) async throws -> Int64? {
    try await database.query(selectConfirmed, [.bytes(hash)]).int(0, 0)
  }

  static func setConfirmed(
    _ hash: [UInt8], at time: Int64, on database: any Querying
  ) async throws {
    _ = try await database.query(updateConfirmed, [.bytes(hash), .int(time)])
  }

  static func hashes(_ rows: Rows) -> [[UInt8]] {
    (0..<rows.count).compactMap { rows.bytes($0, 0) }
  }

  private static func insertion(of token: NewToken) -> Query {
    Query(
      insertToken,
      [
        .bytes(token.hash), .text(token.userID.text), .text(token.deviceID),
        .int(token.createdAt), .int(token.validUntil), .int(token.generation),
        .int(token.confirmedAt),
      ])
  }
}

extension TokenStore {
  private static let selectToken = Statement(
    "accounts_select_token",
    """
    SELECT t.user_id, t.device_id, t.valid_until, u.is_admin, u.is_guest, d.last_seen_ts,
      o.messages_per_second, o.burst_count,
      CASE WHEN r.previous_hash IS NOT NULL THEN t.generation END
    FROM access_tokens t
    JOIN users u USING (user_id)
    JOIN devices d USING (user_id, device_id)
    LEFT JOIN refresh_tokens r ON r.user_id = t.user_id AND r.device_id = t.device_id
      AND r.generation = t.generation
    LEFT JOIN ratelimit_override o ON o.user_id = t.user_id
    WHERE t.token_hash = $1 AND NOT u.deactivated
    """)

  private static let insertDevice = Statement(
    "accounts_insert_device",
    """
    INSERT INTO devices (user_id, device_id, display_name, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (user_id, device_id) DO NOTHING
    """)

  private static let insertToken = Statement(
    "accounts_insert_token",
    """
    INSERT INTO access_tokens
      (token_hash, user_id, device_id, created_at, valid_until, generation, confirmed_at)
    VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, (
      SELECT max(confirmed_at) FROM access_tokens WHERE user_id = $2 AND device_id = $3), 0))
    """)

  private static let selectHashes = Statement(
    "accounts_token_hashes", "SELECT token_hash FROM access_tokens WHERE user_id = $1")

  private static let endDeviceTokens = Statement(
    "accounts_end_device_tokens",
    "DELETE FROM access_tokens WHERE user_id = $1 AND device_id = $2 RETURNING token_hash")

  private static let deleteRefreshTokens = Statement(
    "accounts_delete_refresh_tokens",
    "DELETE FROM refresh_tokens WHERE user_id = $1 AND device_id = $2")

  private static let endTokenGenerations = Statement(
    "accounts_end_token_generations",
    """
    DELETE FROM access_tokens
    WHERE user_id = $1 AND device_id = $2 AND generation BETWEEN $3 AND $4
    RETURNING token_hash
    """)

  private static let selectConfirmed = Statement(
    "accounts_token_confirmed", "SELECT confirmed_at FROM access_tokens WHERE token_hash = $1")

  private static let updateConfirmed = Statement(
    "accounts_set_token_confirmed",
    "UPDATE access_tokens SET confirmed_at = $2 WHERE token_hash = $1")
}
