package import MatrixIdentifiers
package import Postgres

/// The backups that users keep of their keys.
///
/// Each may have several; keys are stored in the one that was made last. Whatever changes a backup
/// locks its row first, so that concurrent requests, on whatever workers, come one after the other.
///
/// spec: client-server-api#server-side-key-backups
package struct KeyBackups: Sendable {
  /// Bytes of an algorithm's name.
  static let algorithmLimit = 255
  /// Bytes.
  static let authDataLimit = 64 << 10

  private let database: Database

  package init(database: Database) {
    self.database = database
  }

  /// - Parameter authData: a JSON object.
  /// - Throws: `KeyBackupError`.
  package func create(
    algorithm: String, authData: [UInt8], for user: UserID
  ) async throws -> BackupVersion {
    try check(algorithm, authData)
    return try await BackupStore.create(
      algorithm: algorithm, authData: authData, for: user, on: database)
  }

  /// - Throws: `KeyBackupError.noBackup`.
  package func current(of user: UserID) async throws -> Backup {
    guard let backup = try await BackupStore.current(of: user, on: database) else {
      throw KeyBackupError.noBackup
    }
    return backup
  }

  /// - Throws: `KeyBackupError.unknownVersion`.
  package func backup(_ version: BackupVersion, of user: UserID) async throws -> Backup {
    guard let backup = try await BackupStore.backup(version, of: user, on: database) else {
      throw KeyBackupError.unknownVersion
    }
    return backup
  }

  /// Gives a backup other authentication data.
  /// - Parameter algorithm: that of the backup.
  /// - Throws: `KeyBackupError`.
  package func update(
    _ version: BackupVersion, algorithm: String, authData: [UInt8], of user: UserID
  ) async throws {
    try check(algorithm, authData)
    let isDone = try await BackupStore.update(
      version, algorithm: algorithm, authData: authData, of: user, on: database)
    guard !isDone else { return }
    _ = try await backup(version, of: user)
    throw KeyBackupError.otherAlgorithm
  }

  /// Deletes a backup with its keys; one that was deleted before is passed over.
  /// - Throws: `KeyBackupError.unknownVersion` for a version that never was.
  package func delete(_ version: BackupVersion, of user: UserID) async throws {
    try await database.transaction { transaction in
      let (backup, last) = try await BackupStore.lockForDeletion(
        version, of: user, on: transaction)
      if let backup {
        try await transaction.commit(with: BackupStore.delete(backup))
      } else if last < version.number {
        throw KeyBackupError.unknownVersion
      }
    }
  }

  /// Deletes all that a user has, as part of the caller's transaction.
  package static func deleteAll(of user: UserID, in transaction: any Querying) async throws {
    try await BackupStore.deleteAll(of: user, on: transaction)
  }

  private func check(_ algorithm: String, _ authData: [UInt8]) throws(KeyBackupError) {
    guard algorithm.utf8.count <= Self.algorithmLimit else {
      throw .tooLong(field: "algorithm", limit: Self.algorithmLimit)
    }
    guard !algorithm.utf8.contains(0) else { throw .unusableText(field: "algorithm") }
    guard authData.count <= Self.authDataLimit else {
      throw .tooLong(field: "auth_data", limit: Self.authDataLimit)
    }
  }
}
