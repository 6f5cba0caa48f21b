package import MatrixIdentifiers
package import Postgres

/// The keys in users' backups.
package struct BackupKeys: Sendable {
  /// Which keys of a backup are meant.
  package enum Selection: Sendable {
    case all
    case room(RoomID)
    case session(KeyPlace)
  }

  /// Keys that one request stores.
  static let putLimit = 20_000
  /// Bytes of a session's id.
  static let sessionIDLimit = 255
  /// Bytes of one key's data.
  static let sessionDataLimit = 64 << 10

  private let database: Database

  package init(database: Database) {
    self.database = database
  }

  /// Stores keys in the current backup, where they are better than those that are there.
  /// - Throws: `KeyBackupError`.
  package func put(
    _ keys: [BackedUpKey], in version: BackupVersion, of user: UserID
  ) async throws -> BackupState {
    try check(keys)
    return try await database.transaction { transaction in
      let (current, known) = try await BackupKeyStore.lockCurrent(
        of: user, knownOf: keys.map(\.place), in: version, on: transaction)
      guard let current, current.version == version else {
        throw try await refusal(of: version, user, current: current?.version, on: transaction)
      }
      let merge = KeyMerge(keys, into: known)
      guard !merge.stored.isEmpty else { return current.state }
      let state = current.state.changed(by: merge.added)
      try await transaction.commit(with: [
        BackupKeyStore.upsert(merge.stored, in: current.backup),
        BackupStore.setState(state, of: current.backup),
      ])
      return state
    }
  }

  /// Ordered by room and session.
  /// - Throws: `KeyBackupError`; `.unknownKey` for a session that is not there.
  package func keys(
    _ selection: Selection, in version: BackupVersion, of user: UserID
  ) async throws -> [BackedUpKey] {
    try check(selection)
    guard
      let keys = try await BackupKeyStore.keys(selection, in: version, of: user, on: database)
    else { throw KeyBackupError.unknownVersion }
    if case .session = selection, keys.isEmpty { throw KeyBackupError.unknownKey }
    return keys
  }

  /// Keys that are not there are passed over.
  /// - Throws: `KeyBackupError`.
  package func delete(
    _ selection: Selection, in version: BackupVersion, of user: UserID
  ) async throws -> BackupState {
    try check(selection)
    return try await database.transaction { transaction in
      guard let locked = try await BackupStore.lock(version, of: user, on: transaction) else {
        throw KeyBackupError.unknownVersion
      }
      let deleted = try await BackupKeyStore.delete(
        selection, in: locked.backup, on: transaction)
      guard deleted > 0 else { return locked.state }
      let state = locked.state.changed(by: -deleted)
      try await transaction.commit(with: [BackupStore.setState(state, of: locked.backup)])
      return state
    }
  }

  private func check(_ selection: Selection) throws(KeyBackupError) {
    guard case .session(let place) = selection else { return }
    guard !place.sessionID.utf8.contains(0) else { throw .unusableText(field: "sessionId") }
  }

  /// Why keys cannot be put into a version that is not the current one.
  private func refusal(
    of version: BackupVersion, _ user: UserID, current: BackupVersion?,
    on transaction: any Querying
  ) async throws -> KeyBackupError {
    guard let current,
      try await BackupStore.backup(version, of: user, on: transaction) != nil
    else { return .unknownVersion }
    return .wrongVersion(current: current)
  }

  private func check(_ keys: [BackedUpKey]) throws(KeyBackupError) {
    guard keys.count <= Self.putLimit else { throw .tooManyKeys(limit: Self.putLimit) }
    for key in keys {
      guard key.place.sessionID.utf8.count <= Self.sessionIDLimit else {
        throw .tooLong(field: "sessionId", limit: Self.sessionIDLimit)
      }
      guard !key.place.sessionID.utf8.contains(0) else {
        throw .unusableText(field: "sessionId")
      }
      guard key.sessionData.count <= Self.sessionDataLimit else {
        throw .tooLong(field: "session_data", limit: Self.sessionDataLimit)
      }
    }
  }
}
