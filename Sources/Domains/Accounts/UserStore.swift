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
}

enum UserStore {
  /// False when the name is taken.
  static func insert(_ user: NewUser, on database: any Querying) async throws -> Bool {
    let rows = try await database.query(
      insertUser,
      [
        .text(user.userID.text), .text(user.passwordHash), .int(user.createdAt),
        .bool(user.isAdmin), .bool(user.isGuest), .text(user.displayName),
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

  static func profile(_ user: UserID, on database: any Querying) async throws -> Profile? {
    let rows = try await database.query(selectProfile, [.text(user.text)])
    guard rows.count > 0 else { return nil }
    return Profile(displayName: rows.text(0, 0), avatarURL: rows.text(0, 1))
  }

  /// The profile after the change, or nil when there is no such account.
  static func set(
    _ field: ProfileField, to value: String?, of user: UserID, on database: any Querying
  ) async throws -> Profile? {
    let statement =
      switch field {
      case .displayName: setDisplayName
      case .avatarURL: setAvatarURL
      }
    let rows = try await database.query(statement, [.text(user.text), .text(value)])
    guard rows.count > 0 else { return nil }
    return Profile(displayName: rows.text(0, 0), avatarURL: rows.text(0, 1))
  }

  static func nextGuestNumber(on database: any Querying) async throws -> Int64? {
    try await database.query(nextGuest, []).int(0, 0)
  }

  private static let insertUser = Statement(
    "accounts_insert_user",
    """
    INSERT INTO users (user_id, password_hash, created_at, is_admin, is_guest, displayname)
    VALUES ($1, $2, $3, $4, $5, $6)
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

  private static let selectProfile = Statement(
    "accounts_select_profile",
    "SELECT displayname, avatar_url FROM users WHERE user_id = $1 AND NOT deactivated")

  private static let setDisplayName = Statement(
    "accounts_set_displayname",
    """
    UPDATE users SET displayname = $2 WHERE user_id = $1 AND NOT deactivated
    RETURNING displayname, avatar_url
    """)

  private static let setAvatarURL = Statement(
    "accounts_set_avatar_url",
    """
    UPDATE users SET avatar_url = $2 WHERE user_id = $1 AND NOT deactivated
    RETURNING displayname, avatar_url
    """)

  private static let nextGuest = Statement(
    "accounts_next_guest", "SELECT nextval('guest_localparts')", repeatable: false)
}
