package import MatrixIdentifiers
package import Postgres

/// What users do with their delayed events. All times are milliseconds since the epoch.
package struct DelayedEventStore: Sendable {
  /// Who schedules is alone in this for the user, so that the limit holds.
  private static let lockUser = Statement(
    "delayed_lock_user",
    "SELECT pg_advisory_xact_lock(hashtextextended('delayed/' || $1, 0))::text",
    repeatable: false)
  private static let insert = Statement(
    "delayed_insert",
    """
    INSERT INTO delayed_events (delay_id, user_id, device_id, txn_id, room_id, type, state_key,
      content, delay_ms, since, due)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9 + $10
    WHERE (SELECT count(*) FROM delayed_events
      WHERE user_id = $2 AND finalised_at IS NULL) < $11
    ON CONFLICT (user_id, device_id, room_id, type, txn_id) WHERE txn_id IS NOT NULL DO NOTHING
    RETURNING delay_id
    """)
  private static let ofTransaction = Statement(
    "delayed_of_transaction",
    """
    SELECT delay_id FROM delayed_events
    WHERE user_id = $1 AND device_id = $2 AND room_id = $3 AND type = $4 AND txn_id = $5
    """)
  private static let nextOfUser = Statement(
    "delayed_next_of_user",
    "SELECT min(due) FROM delayed_events WHERE user_id = $1 AND finalised_at IS NULL")
  private static let one = Statement(
    "delayed_one",
    """
    SELECT \(DelayedEventRow.columns) FROM delayed_events d WHERE delay_id = $1 AND user_id = $2
    """)
  private static let cancel = Statement(
    "delayed_cancel",
    """
    UPDATE delayed_events SET finalised_at = $3
    WHERE delay_id = $1 AND user_id = $2 AND finalised_at IS NULL
    """)
  private static let restart = Statement(
    "delayed_restart",
    """
    UPDATE delayed_events SET since = $3, due = $3 + delay_ms, holder = NULL, lease_until = 0,
      claim = claim + 1
    WHERE delay_id = $1 AND user_id = $2 AND finalised_at IS NULL
    RETURNING delay_ms
    """)
  private static let cancelAll = Statement(
    "delayed_cancel_all",
    "UPDATE delayed_events SET finalised_at = $2 WHERE user_id = $1 AND finalised_at IS NULL")

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// What is to be stored.
  struct Draft: Sendable {
    let delayID: String
    let userID: UserID
    let deviceID: String
    let transactionID: String?
    let roomID: RoomID
    let type: String
    let stateKey: String?
    let content: [UInt8]
    let delay: Int64
    let since: Int64
  }

  enum Scheduled: Sendable, Equatable {
    /// By this request, or by an earlier one of the same name.
    case done(delayID: String, isNew: Bool)
    /// The user has as many as one may; `next` is when the first of them is due.
    case full(next: Int64?)
  }

  func schedule(_ draft: Draft, limit: Int64) async throws -> Scheduled {
    let key: [Bind] = [
      .text(draft.userID.text), .text(draft.deviceID), .text(draft.roomID.text),
      .text(draft.type), .text(draft.transactionID),
    ]
    let rows = try await database.queryAll([
      Query(Self.lockUser, [.text(draft.userID.text)]),
      Query(
        Self.insert,
        [
          .text(draft.delayID), .text(draft.userID.text), .text(draft.deviceID),
          .text(draft.transactionID), .text(draft.roomID.text), .text(draft.type),
          .text(draft.stateKey), .bytes(draft.content), .int(draft.delay), .int(draft.since),
          .int(limit),
        ]),
      Query(Self.ofTransaction, key), Query(Self.nextOfUser, [.text(draft.userID.text)]),
    ])
    if let delayID = rows[1].text(0, 0) { return .done(delayID: delayID, isNew: true) }
    if let delayID = rows[2].text(0, 0) { return .done(delayID: delayID, isNew: false) }
    return .full(next: rows[3].int(0, 0))
  }

  /// Nil too when it is another user's.
  func find(_ delayID: String, of user: UserID) async throws -> DelayedEvent? {
    let rows = try await database.query(Self.one, [.text(delayID), .text(user.text)])
    return DelayedEventRow.decode(rows, 0)
  }

  /// - Returns: false when there is no such event that is scheduled.
  func cancel(_ delayID: String, of user: UserID, now: Int64) async throws -> Bool {
    let binds: [Bind] = [.text(delayID), .text(user.text), .int(now)]
    return try await database.query(Self.cancel, binds).affectedRows > 0
  }

  /// - Returns: the delay, in milliseconds, that counts from now on; nil when there is no such
  ///   event that is scheduled.
  func restart(_ delayID: String, of user: UserID, now: Int64) async throws -> Int64? {
    let binds: [Bind] = [.text(delayID), .text(user.text), .int(now)]
    return try await database.query(Self.restart, binds).int(0, 0)
  }

  /// Of a user who is gone.
  package func cancelAll(of user: UserID, now: Int64) async throws {
    _ = try await database.query(Self.cancelAll, [.text(user.text), .int(now)])
  }
}
