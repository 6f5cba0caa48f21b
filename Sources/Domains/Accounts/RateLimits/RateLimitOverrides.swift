package import MatrixIdentifiers
package import Postgres
package import Streams

/// The limits that administrators set for single users. Requesters carry theirs, so that nothing
/// is asked of the database when a limit is checked.
package struct RateLimitOverrides: Sendable {
  private let serverName: ServerName
  private let database: Database
  private let invalidations: InvalidationFeed

  package init(serverName: ServerName, database: Database, invalidations: InvalidationFeed) {
    self.serverName = serverName
    self.database = database
    self.invalidations = invalidations
  }

  /// - Throws: `AccountError.unknownUser` for users who are not this server's.
  package func get(_ user: UserID) async throws -> RateLimitOverride? {
    try await checkExists(user)
    let rows = try await database.query(Self.select, [.text(user.text)])
    guard let perSecond = rows.int(0, 0), let burst = rows.int(0, 1) else { return nil }
    return RateLimitOverride(messagesPerSecond: perSecond, burstCount: burst)
  }

  /// - Throws: `AccountError.unknownUser`.
  package func set(_ override: RateLimitOverride, for user: UserID) async throws {
    try await checkExists(user)
    try await change(user) { transaction in
      _ = try await transaction.query(
        Self.upsert,
        [.text(user.text), .int(override.messagesPerSecond), .int(override.burstCount)])
    }
  }

  /// - Throws: `AccountError.unknownUser`.
  package func remove(for user: UserID) async throws {
    try await checkExists(user)
    try await change(user) { transaction in
      _ = try await transaction.query(Self.delete, [.text(user.text)])
    }
  }

  private func checkExists(_ user: UserID) async throws {
    guard user.isOn(serverName), try await UserStore.exists(user, on: database) else {
      throw AccountError.unknownUser
    }
  }

  private func change(
    _ user: UserID, _ work: @escaping @Sendable (any Querying) async throws -> Void
  ) async throws {
    let tokens = try await database.transaction { transaction in
      // No token of the user is made with the old limit meanwhile.
      _ = try await DeviceStore.lockUser(user, on: transaction)
      try await work(transaction)
      return try await CachedTokens.recordChange(of: user, on: transaction)
    }
    EndedTokens.announce(tokens, on: invalidations)
  }

  private static let select = Statement(
    "accounts_select_ratelimit_override",
    "SELECT messages_per_second, burst_count FROM ratelimit_override WHERE user_id = $1")

  private static let upsert = Statement(
    "accounts_set_ratelimit_override",
    """
    INSERT INTO ratelimit_override (user_id, messages_per_second, burst_count)
    VALUES ($1, $2, $3)
    ON CONFLICT (user_id) DO UPDATE
    SET messages_per_second = excluded.messages_per_second, burst_count = excluded.burst_count
    """)

  private static let delete = Statement(
    "accounts_delete_ratelimit_override", "DELETE FROM ratelimit_override WHERE user_id = $1")
}
