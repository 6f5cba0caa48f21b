import MatrixIdentifiers
import Postgres

struct InteractiveAuthSession: Sendable, Equatable {
  let id: String
  /// What the session was begun for.
  let operation: String
  var completed: [AuthStage] = []
  /// SHA-256 of the request for which the first stage was completed.
  var contentHash: [UInt8]?
  /// The account that was made under this session, so that a repeated request finds it again.
  var userID: UserID?
  /// A use of this token is set aside for the session.
  var registrationToken: String?
  var isStored = false
}

/// Sessions in the database, so that each request of one may reach another process.
enum InteractiveAuthStore {
  /// How many sessions that have run out are deleted for each new one.
  private static let sweptPerInsert: Int64 = 10

  static func insert(
    _ session: InteractiveAuthSession, now: Int64, expiredBefore: Int64,
    on database: any Querying
  ) async throws {
    _ = try await database.queryAll([
      Query(
        insertSession,
        [
          .text(session.id), .text(session.operation), .int(now),
          .text(encode(session.completed)), .bytes(session.contentHash),
        ]),
      Query(sweep, [.int(expiredBefore), .int(sweptPerInsert)]),
    ])
  }

  /// - Returns: how many sessions were deleted.
  static func removeExpired(
    before time: Int64, limit: Int64, on database: any Querying
  ) async throws -> Int {
    Int(try await database.query(sweep, [.int(time), .int(limit)]).int(0, 0) ?? 0)
  }

  static func find(
    _ id: String, notBefore: Int64, on database: any Querying
  ) async throws -> InteractiveAuthSession? {
    let rows = try await database.query(selectSession, [.text(id), .int(notBefore)])
    guard rows.count > 0 else { return nil }
    return InteractiveAuthSession(
      id: id, operation: rows.text(0, 0) ?? "", completed: decode(rows.text(0, 1) ?? ""),
      contentHash: rows.bytes(0, 2), userID: rows.text(0, 3).flatMap(UserID.init),
      registrationToken: rows.text(0, 4), isStored: true)
  }

  static func setCompleted(
    _ session: InteractiveAuthSession, on database: any Querying
  ) async throws {
    _ = try await database.query(
      updateCompleted,
      [.text(session.id), .text(encode(session.completed)), .bytes(session.contentHash)])
  }

  /// False when another request of the session had a token first.
  static func setRegistrationToken(
    _ token: String, of id: String, on database: any Querying
  ) async throws -> Bool {
    try await database.query(updateToken, [.text(id), .text(token)]).affectedRows == 1
  }

  /// The token of which a use is set aside for the session, which is locked.
  static func registrationToken(
    of id: String, on transaction: any Querying
  ) async throws -> String? {
    try await transaction.query(selectToken, [.text(id)]).text(0, 0)
  }

  /// Notes the account that was made; the registration token's use is no longer pending.
  static func setUser(_ user: UserID, of id: String, on database: any Querying) async throws {
    _ = try await database.query(updateUser, [.text(id), .text(user.text)])
  }

  /// True for one caller only.
  static func take(_ id: String, on database: any Querying) async throws -> Bool {
    try await database.query(deleteSession, [.text(id)]).affectedRows == 1
  }

  private static func encode(_ stages: [AuthStage]) -> String {
    stages.map(\.rawValue).joined(separator: " ")
  }

  private static func decode(_ text: String) -> [AuthStage] {
    text.split(separator: " ").compactMap { AuthStage(rawValue: String($0)) }
  }
}

extension InteractiveAuthStore {
  private static let insertSession = Statement(
    "accounts_insert_ui_auth",
    """
    INSERT INTO ui_auth_sessions (session, operation, created_at, completed, content_hash)
    VALUES ($1, $2, $3, $4, $5)
    """)

  /// The uses of registration tokens that were set aside for the sessions become free.
  private static let sweep = Statement(
    "accounts_sweep_ui_auth",
    """
    WITH gone AS (
      DELETE FROM ui_auth_sessions WHERE session IN (
        SELECT session FROM ui_auth_sessions WHERE created_at < $1
        ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING registration_token
    ), uses AS (
      SELECT registration_token AS token, count(*) AS uses FROM gone
      WHERE registration_token IS NOT NULL GROUP BY registration_token
    ), freed AS (
      UPDATE registration_tokens t SET pending = greatest(t.pending - uses.uses, 0)
      FROM uses WHERE t.token = uses.token
    )
    SELECT count(*) FROM gone
    """)

  private static let selectSession = Statement(
    "accounts_select_ui_auth",
    """
    SELECT operation, completed, content_hash, user_id, registration_token
    FROM ui_auth_sessions WHERE session = $1 AND created_at >= $2
    """)

  private static let updateCompleted = Statement(
    "accounts_complete_ui_auth",
    "UPDATE ui_auth_sessions SET completed = $2, content_hash = $3 WHERE session = $1")

  private static let updateToken = Statement(
    "accounts_ui_auth_token",
    """
    UPDATE ui_auth_sessions SET registration_token = $2
    WHERE session = $1 AND registration_token IS NULL
    """)

  private static let selectToken = Statement(
    "accounts_token_of_ui_auth",
    "SELECT registration_token FROM ui_auth_sessions WHERE session = $1 FOR UPDATE")

  private static let updateUser = Statement(
    "accounts_finish_ui_auth",
    "UPDATE ui_auth_sessions SET user_id = $2, registration_token = NULL WHERE session = $1")

  private static let deleteSession = Statement(
    "accounts_take_ui_auth", "DELETE FROM ui_auth_sessions WHERE session = $1")
}
