package enum KeyBackupError: Error, Sendable, Equatable {
  /// The user has no backup at all.
  case noBackup
  case unknownVersion
  /// Keys can only be stored in the current version.
  case wrongVersion(current: BackupVersion)
  case unknownKey
  /// A backup keeps the algorithm that it was made with.
  case otherAlgorithm
  /// Bytes.
  case tooLong(field: String, limit: Int)
  case tooManyKeys(limit: Int)
  /// It holds a NUL, which the database does not take.
  case unusableText(field: String)
}
