import Accounts
import ClientAPI
import HTTPServing
import KeyBackup
import MatrixIdentifiers
import Postgres

/// The backups of users' keys, in one process that serves clients.
enum KeyBackupParts {
  static func routes(_ platform: Platform, _ authenticated: Authenticated) -> [Route] {
    keyBackupRoutes(
      KeyBackupRoutesDependencies(
        authenticated: authenticated, backups: KeyBackups(database: platform.database),
        keys: BackupKeys(database: platform.database)))
  }
}

/// Nobody can read the backup of an account that is gone.
struct KeyBackupRemoval: AccountObserver {
  func accountDeactivated(
    _ user: UserID, erase: Bool, in transaction: any Querying
  ) async throws {
    try await KeyBackups.deleteAll(of: user, in: transaction)
  }
}
