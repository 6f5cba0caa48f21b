import MatrixIdentifiers
import Postgres

/// A backup whose row the transaction has locked.
struct LockedBackup: Sendable {
  let backup: Int64
  let version: BackupVersion
  let state: BackupState
}

/// The backups of this server's users, without their keys.
enum BackupStore {
  static func create(
    algorithm: String, authData: [UInt8], for user: UserID, on database: any Querying
  ) async throws -> BackupVersion {
    let rows = try await database.query(
      insert, [.text(user.text), .text(algorithm), .bytes(authData)])
    return BackupVersion(number: rows.int(0, 0) ?? 0)
  }

  static func current(of user: UserID, on database: any Querying) async throws -> Backup? {
    backup(try await database.query(selectCurrent, [.text(user.text)]))
  }

  static func backup(
    _ version: BackupVersion, of user: UserID, on database: any Querying
  ) async throws -> Backup? {
    backup(try await database.query(select, [.text(user.text), .int(version.number)]))
  }

  /// False when the user has no such version of that algorithm.
  static func update(
    _ version: BackupVersion, algorithm: String, authData: [UInt8], of user: UserID,
    on database: any Querying
  ) async throws -> Bool {
    let binds: [Bind] = [
      .text(user.text), .int(version.number), .text(algorithm), .bytes(authData),
    ]
    return try await database.query(updateData, binds).affectedRows == 1
  }

  static func lock(
    _ version: BackupVersion, of user: UserID, on transaction: any Querying
  ) async throws -> LockedBackup? {
    locked(try await transaction.query(lock, [.text(user.text), .int(version.number)]))
  }

  /// - Returns: the backup, and the last version that the user was given, 0 for none.
  static func lockForDeletion(
    _ version: BackupVersion, of user: UserID, on transaction: any Querying
  ) async throws -> (backup: Int64?, last: Int64) {
    let results = try await transaction.queryAll([
      Query(lock, [.text(user.text), .int(version.number)]),
      Query(selectLast, [.text(user.text)]),
    ])
    return (locked(results[0])?.backup, results[1].int(0, 0) ?? 0)
  }

  /// The caller has locked the backup.
  static func delete(_ backup: Int64) -> [Query] {
    [Query(deleteKeys, [.int(backup)]), Query(deleteBackup, [.int(backup)])]
  }

  static func deleteAll(of user: UserID, on transaction: any Querying) async throws {
    _ = try await transaction.queryAll([
      Query(lockAll, [.text(user.text)]), Query(deleteAllKeys, [.text(user.text)]),
      Query(deleteAllBackups, [.text(user.text)]),
    ])
  }

  static func setState(_ state: BackupState, of backup: Int64) -> Query {
    Query(updateState, [.int(backup), .int(state.number), .int(state.count)])
  }

  static func lockCurrent(of user: UserID) -> Query {
    Query(lockCurrent, [.text(user.text)])
  }

  static func locked(_ rows: Rows) -> LockedBackup? {
    guard let backup = rows.int(0, 0), let version = rows.int(0, 1),
      let etag = rows.int(0, 2), let count = rows.int(0, 3)
    else { return nil }
    return LockedBackup(
      backup: backup, version: BackupVersion(number: version),
      state: BackupState(number: etag, count: count))
  }

  private static func backup(_ rows: Rows) -> Backup? {
    guard let version = rows.int(0, 0), let algorithm = rows.text(0, 1),
      let authData = rows.bytes(0, 2), let etag = rows.int(0, 3), let count = rows.int(0, 4)
    else { return nil }
    return Backup(
      version: BackupVersion(number: version), algorithm: algorithm, authData: authData,
      state: BackupState(number: etag, count: count))
  }
}

// The SQL.
extension BackupStore {
  private static let insert = Statement(
    "key_backups_insert",
    """
    WITH given AS (
      INSERT INTO key_backup_users AS u (user_id, last_version) VALUES ($1, 1)
      ON CONFLICT (user_id) DO UPDATE SET last_version = u.last_version + 1
      RETURNING last_version
    )
    INSERT INTO key_backups (user_id, version, algorithm, auth_data)
    SELECT $1, last_version, $2, $3 FROM given RETURNING version
    """)

  private static let selectCurrent = Statement(
    "key_backups_current",
    """
    SELECT version, algorithm, auth_data, etag, key_count FROM key_backups
    WHERE user_id = $1 ORDER BY version DESC LIMIT 1
    """)

  private static let select = Statement(
    "key_backups_select",
    """
    SELECT version, algorithm, auth_data, etag, key_count FROM key_backups
    WHERE user_id = $1 AND version = $2
    """)

  private static let selectLast = Statement(
    "key_backups_last", "SELECT last_version FROM key_backup_users WHERE user_id = $1")

  private static let updateData = Statement(
    "key_backups_update",
    """
    UPDATE key_backups SET auth_data = $4
    WHERE user_id = $1 AND version = $2 AND algorithm = $3
    """)

  private static let updateState = Statement(
    "key_backups_set_state",
    "UPDATE key_backups SET etag = $2, key_count = $3 WHERE backup = $1")

  private static let lock = Statement(
    "key_backups_lock",
    """
    SELECT backup, version, etag, key_count FROM key_backups
    WHERE user_id = $1 AND version = $2 FOR UPDATE
    """)

  private static let lockCurrent = Statement(
    "key_backups_lock_current",
    """
    SELECT backup, version, etag, key_count FROM key_backups
    WHERE user_id = $1 ORDER BY version DESC LIMIT 1 FOR UPDATE
    """)

  private static let deleteKeys = Statement(
    "key_backups_delete_keys", "DELETE FROM key_backup_keys WHERE backup = $1")

  private static let deleteBackup = Statement(
    "key_backups_delete", "DELETE FROM key_backups WHERE backup = $1")

  private static let lockAll = Statement(
    "key_backups_lock_all",
    "SELECT backup FROM key_backups WHERE user_id = $1 ORDER BY version FOR UPDATE")

  private static let deleteAllKeys = Statement(
    "key_backups_delete_all_keys",
    """
    DELETE FROM key_backup_keys
    WHERE backup IN (SELECT backup FROM key_backups WHERE user_id = $1)
    """)

  private static let deleteAllBackups = Statement(
    "key_backups_delete_all", "DELETE FROM key_backups WHERE user_id = $1")
}
