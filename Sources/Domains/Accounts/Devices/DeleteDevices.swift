package import MatrixIdentifiers
package import Postgres
package import Streams

/// Ends devices with all that goes with them; their tokens are refused by every process
/// afterwards.
package struct DeleteDevices: Sendable {
  /// Devices that one request may name.
  package static let limit = 1000

  private let database: Database
  private let invalidations: InvalidationFeed
  private let observer: (any DeviceObserver)?

  package init(
    database: Database, invalidations: InvalidationFeed, observer: (any DeviceObserver)? = nil
  ) {
    self.database = database
    self.invalidations = invalidations
    self.observer = observer
  }

  /// Devices that are not there are passed over.
  package func callAsFunction(_ deviceIDs: [String], of user: UserID) async throws {
    let deviceIDs = deviceIDs.filter { !$0.utf8.contains(0) }
    guard !deviceIDs.isEmpty else { return }
    let deleted = try await database.transaction { transaction in
      _ = try await DeviceStore.lockUser(user, on: transaction)
      return try await delete(.these(deviceIDs), of: user, in: transaction)
    }
    await announce(deleted, of: user)
  }

  /// Deletes all devices of the user, but the one that is named.
  package func all(of user: UserID, except kept: String? = nil) async throws {
    let deleted = try await database.transaction { transaction in
      _ = try await DeviceStore.lockUser(user, on: transaction)
      return try await delete(.all(except: kept), of: user, in: transaction)
    }
    await announce(deleted, of: user)
  }

  /// Part of the caller's transaction, which has locked the user; once it has committed the
  /// caller calls `announce`.
  func delete(
    _ which: DeviceStore.Selection, of user: UserID, in transaction: any Querying
  ) async throws -> DeviceStore.Deleted {
    let deleted = try await DeviceStore.delete(which, of: user, on: transaction)
    if !deleted.deviceIDs.isEmpty {
      try await observer?.devicesDeleted(deleted.deviceIDs, of: user, in: transaction)
    }
    try await EndedTokens.record(deleted.tokens, on: transaction)
    return deleted
  }

  func announce(_ deleted: DeviceStore.Deleted, of user: UserID) async {
    EndedTokens.announce(deleted.tokens, on: invalidations)
    if !deleted.deviceIDs.isEmpty {
      await observer?.devicesChanged(deleted.deviceIDs, of: user)
    }
  }
}
