import MatrixIdentifiers
import Postgres

/// An account as the database has it.
struct UserRow: Sendable {
  let userID: UserID
  let passwordHash: String?
  let deactivated: Bool
}

struct NewUser: Sendable {
  let userID: UserID
  let passwordHash: String?
  let createdAt: Int64
  var isAdmin = false
  var isGuest = false
  var displayName: String?
  var acceptedPolicies: [String] = []
}

enum UserStore {
  /// False when the name is taken.
  static func insert(_ user: NewUser, on database: any Querying) async throws -> Bool {
    let rows = try await database.query(
      insertUser,
      [
        .text(user.userID.text), .text(user.passwordHash), .int(user.createdAt),
        .bool(user.isAdmin), .bool(user.isGuest), .text(user.displayName),
        .texts(user.acceptedPolicies),
      ])
    return rows.affectedRows == 1
  }

  static func exists(_ user: UserID, on database: any Querying) async throws -> Bool {
    try await database.query(userExists, [.text(user.text)]).count == 1
  }

  /// The account of exactly that name, else the one of the name in lower case.
  static func find(
    _ user: UserID, or lowerCase: UserID, on database: any Querying
  ) async throws -> UserRow? {
    let rows = try await database.query(findUser, [.text(user.text), .text(lowerCase.text)])
    guard rows.count > 0, let found = rows.text(0, 0).flatMap(UserID.init) else { return nil }
    return UserRow(
      userID: found, passwordHash: rows.text(0, 1), deactivated: rows.bool(0, 2) ?? false)
  }

  /// False when the user is not a guest, or no longer one.
  static func upgradeGuest(
    _ user: UserID, passwordHash: String, acceptedPolicies: [String],
    on database: any Querying
  ) async throws -> Bool {
    let binds: [Bind] = [.text(user.text), .text(passwordHash), .texts(acceptedPolicies)]
    return try await database.query(makeFull, binds).affectedRows == 1
  }

  static func setPassword(
    _ hash: String, of user: UserID, on database: any Querying
  ) async throws {
    _ = try await database.query(updatePassword, [.text(user.text), .text(hash)])
  }

  /// Takes away what the user could sign in with and, with `erase`, what tells of them.
  static func deactivate(
    _ user: UserID, erase: Bool, on database: any Querying
  ) async throws {
    _ = try await database.query(deactivateUser, [.text(user.text), .bool(erase)])
  }

  static func nextGuestNumber(on database: any Querying) async throws -> Int64? {
    try await database.query(nextGuest, []).int(0, 0)
  }

  private static let insertUser = Statement(
    "accounts_insert_user",
    """
    INSERT INTO users
      (user_id, password_hash, created_at, is_admin, is_guest, displayname, accepted_policies)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (user_id) DO NOTHING
    """)

  private static let userExists = Statement(
    "accounts_user_exists", "SELECT true FROM users WHERE user_id = $1")

  private static let findUser = Statement(
    "accounts_find_user",
    """
    SELECT user_id, password_hash, deactivated FROM users
    WHERE user_id = ANY (ARRAY[$1::text, $2::text]) ORDER BY user_id = $1 DESC LIMIT 1
    """)

  private static let makeFull = Statement(
    "accounts_upgrade_guest",
    """
    UPDATE users SET is_guest = false, password_hash = $2, accepted_policies = $3
    WHERE user_id = $1 AND is_guest AND NOT deactivated
    """)

  private static let updatePassword = Statement(
    "accounts_set_password",
    "UPDATE users SET password_hash = $2 WHERE user_id = $1 AND NOT deactivated")

  private static let deactivateUser = Statement(
    "accounts_deactivate",
    """
    UPDATE users SET deactivated = true, password_hash = NULL, erased = erased OR $2,
      displayname = CASE WHEN $2 THEN NULL ELSE displayname END,
      avatar_url = CASE WHEN $2 THEN NULL ELSE avatar_url END
    WHERE user_id = $1
    """)

  private static let nextGuest = Statement(
    "accounts_next_guest", "SELECT nextval('guest_localparts')", repeatable: false)
}
