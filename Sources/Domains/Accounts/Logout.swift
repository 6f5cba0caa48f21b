package import Postgres
package import Streams

/// Ends the requester's sessions; their tokens are refused by every process afterwards.
package struct Logout: Sendable {
  private let database: Database
  private let invalidations: InvalidationFeed

  package init(database: Database, invalidations: InvalidationFeed) {
    self.database = database
    self.invalidations = invalidations
  }

  /// Deletes the requester's device and with it its tokens.
  package func thisDevice(of requester: Requester) async throws {
    guard let deviceID = requester.deviceID else { return }
    try await end { transaction in
      _ = try await DeviceStore.lockUser(requester.userID, on: transaction)
      return try await DeviceStore.delete(deviceID, of: requester.userID, on: transaction)
    }
  }

  package func allDevices(of requester: Requester) async throws {
    try await end { transaction in
      _ = try await DeviceStore.lockUser(requester.userID, on: transaction)
      return try await DeviceStore.deleteAll(of: requester.userID, on: transaction)
    }
  }

  private func end(
    _ delete: @escaping @Sendable (any Querying) async throws -> [[UInt8]]
  ) async throws {
    let ended = try await database.transaction { transaction in
      let ended = try await delete(transaction)
      try await EndedTokens.record(ended, on: transaction)
      return ended
    }
    EndedTokens.announce(ended, on: invalidations)
  }
}
