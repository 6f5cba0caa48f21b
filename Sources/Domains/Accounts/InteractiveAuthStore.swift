import MatrixIdentifiers
import Postgres

struct InteractiveAuthSession: Sendable {
  let id: String
  let completed: [AuthStage]
  /// The account that was made under this session, so that a repeated request finds it again.
  let userID: UserID?
}

/// Sessions in the database, so that each request of one may reach another process.
enum InteractiveAuthStore {
  /// How many sessions that have run out are deleted for each new one.
  private static let sweptPerInsert: Int64 = 10

  static func insert(
    _ session: InteractiveAuthSession, operation: String, now: Int64, expiredBefore: Int64,
    on database: any Querying
  ) async throws {
    _ = try await database.queryAll([
      Query(
        insertSession,
        [
          .text(session.id), .text(operation), .int(now), .text(encode(session.completed)),
        ]),
      Query(sweep, [.int(expiredBefore), .int(sweptPerInsert)]),
    ])
  }

  static func find(
    _ id: String, operation: String, notBefore: Int64, on database: any Querying
  ) async throws -> InteractiveAuthSession? {
    let rows = try await database.query(
      selectSession, [.text(id), .text(operation), .int(notBefore)])
    guard rows.count > 0 else { return nil }
    return InteractiveAuthSession(
      id: id, completed: decode(rows.text(0, 0) ?? ""),
      userID: rows.text(0, 1).flatMap(UserID.init))
  }

  static func setCompleted(
    _ completed: [AuthStage], of id: String, on database: any Querying
  ) async throws {
    _ = try await database.query(updateCompleted, [.text(id), .text(encode(completed))])
  }

  static func setUser(_ user: UserID, of id: String, on database: any Querying) async throws {
    _ = try await database.query(updateUser, [.text(id), .text(user.text)])
  }

  private static func encode(_ stages: [AuthStage]) -> String {
    stages.map(\.rawValue).joined(separator: " ")
  }

  private static func decode(_ text: String) -> [AuthStage] {
    text.split(separator: " ").compactMap { AuthStage(rawValue: String($0)) }
  }

  private static let insertSession = Statement(
    "accounts_insert_ui_auth",
    """
    INSERT INTO ui_auth_sessions (session, operation, created_at, completed)
    VALUES ($1, $2, $3, $4)
    """)

  private static let sweep = Statement(
    "accounts_sweep_ui_auth",
    """
    DELETE FROM ui_auth_sessions WHERE session IN (
      SELECT session FROM ui_auth_sessions WHERE created_at < $1
      ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    """)

  private static let selectSession = Statement(
    "accounts_select_ui_auth",
    """
    SELECT completed, user_id FROM ui_auth_sessions
    WHERE session = $1 AND operation = $2 AND created_at >= $3
    """)

  private static let updateCompleted = Statement(
    "accounts_complete_ui_auth", "UPDATE ui_auth_sessions SET completed = $2 WHERE session = $1")

  private static let updateUser = Statement(
    "accounts_finish_ui_auth", "UPDATE ui_auth_sessions SET user_id = $2 WHERE session = $1")
}
