package import MatrixIdentifiers
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
    try await owner(of: request.roomID).persist(request)
  }

  package func close(_ room: RoomID) async throws(PersistError) {
    try await owner(of: room).close(room)
  }

  private func owner(of room: RoomID) throws(PersistError) -> any EventPersister {
    guard let owner = shards?.writer(of: room.text), let writer = writers[owner] else {
      throw .unavailable(reason: "the room's writer is not known to this process")
    }
    return writer
  }
}
