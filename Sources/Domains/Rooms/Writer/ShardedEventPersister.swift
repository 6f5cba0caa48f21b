import MatrixIdentifiers
package import Streams

/// Finds each room's owner among the configured writers.
package struct ShardedEventPersister: EventPersister {
  private let shards: ShardMap?
  private let writers: [String: any EventPersister]

  /// - Parameters:
  ///   - shards: nil when no writer is configured at all.
  ///   - writers: by instance name; one for each name in `shards`.
  package init(shards: ShardMap?, writers: [String: any EventPersister]) {
    self.shards = shards
    self.writers = writers
  }

  package func persist(
    _ request: PersistRequest
  ) async throws(PersistError) -> [PersistedEvent] {
    guard let owner = shards?.writer(of: request.roomID.text), let writer = writers[owner] else {
      throw .unavailable(reason: "the room's writer is not known to this process")
    }
    return try await writer.persist(request)
  }
}
