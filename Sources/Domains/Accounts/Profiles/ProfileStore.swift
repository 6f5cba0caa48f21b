import MatrixIdentifiers
import Postgres

/// The profiles of this server's users.
enum ProfileStore {
  static func profile(_ user: UserID, on database: any Querying) async throws -> Profile? {
    profile(try await database.query(selectProfile, [.text(user.text)]))
  }

  static func whole(_ user: UserID, on database: any Querying) async throws -> WholeProfile? {
    let results = try await database.queryAll([
      Query(selectProfile, [.text(user.text)]), Query(selectFields, [.text(user.text)]),
    ])
    guard let profile = profile(results[0]) else { return nil }
    var custom: [String: [UInt8]] = [:]
    for row in 0..<results[1].count {
      guard let name = results[1].text(row, 0) else { continue }
      custom[name] = results[1].bytes(row, 1)
    }
    return WholeProfile(profile: profile, custom: custom)
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
    return profile(try await database.query(statement, [.text(user.text), .text(value)]))
  }

  /// - Parameter value: JSON.
  static func setField(
    _ name: String, to value: [UInt8], of user: UserID, on database: any Querying
  ) async throws {
    _ = try await database.query(
      upsertField,
      [.text(user.text), .text(name), .text(String(decoding: value, as: UTF8.self))])
  }

  static func deleteField(
    _ name: String, of user: UserID, on database: any Querying
  ) async throws {
    _ = try await database.query(deleteOne, [.text(user.text), .text(name)])
  }

  static func deleteFields(of user: UserID, on database: any Querying) async throws {
    _ = try await database.query(deleteAll, [.text(user.text)])
  }

  private static func profile(_ rows: Rows) -> Profile? {
    rows.count > 0 ? Profile(displayName: rows.text(0, 0), avatarURL: rows.text(0, 1)) : nil
  }

  private static let selectProfile = Statement(
    "accounts_select_profile",
    "SELECT displayname, avatar_url FROM users WHERE user_id = $1 AND NOT deactivated")

  private static let selectFields = Statement(
    "accounts_profile_fields", "SELECT name, value FROM profile_fields WHERE user_id = $1")

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

  private static let upsertField = Statement(
    "accounts_set_profile_field",
    """
    INSERT INTO profile_fields (user_id, name, value) VALUES ($1, $2, $3)
    ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value
    """)

  private static let deleteOne = Statement(
    "accounts_delete_profile_field",
    "DELETE FROM profile_fields WHERE user_id = $1 AND name = $2")

  private static let deleteAll = Statement(
    "accounts_delete_profile_fields", "DELETE FROM profile_fields WHERE user_id = $1")
}
