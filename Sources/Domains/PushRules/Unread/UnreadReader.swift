package import MatrixIdentifiers
package import Postgres
import Synchronization

/// Knows users' receipts; the lower half of what decides how much is unread.
package protocol ReadPositions: Sendable {
  /// The receipts of a user in these rooms, public and private ones.
  func positions(of user: UserID, in rooms: [RoomID]) async throws -> [ReadPosition]
}

/// Tells users' unread counts: from memory in a worker that follows the streams, after at most
/// three queries where it does not know them yet.
package final class UnreadReader: Sendable {
  private let store: UnreadStore
  private let positions: any ReadPositions
  private let memory = Mutex(UnreadMemory())

  package init(database: any Querying, positions: any ReadPositions) {
    store = UnreadStore(database: database)
    self.positions = positions
  }

  /// Takes an event of the stream. Called before the event's position counts as reached, so that
  /// the counts of an answer cover the events that it tells.
  /// - Parameter departed: a user who is not in the room any more with this event.
  package func apply(_ event: EvaluatedEvent, departed: UserID?) {
    memory.withLock { $0.apply(event, departed: departed) }
  }

  /// Takes a receipt of the stream.
  package func apply(_ position: ReadPosition, of user: UserID) {
    memory.withLock { $0.apply(position, of: user) }
  }

  /// What the user has not read of rooms that the user is joined to.
  package func unread(
    of user: UserID, in rooms: [RoomID]
  ) async throws -> [RoomID: RoomUnread] {
    let known = memory.withLock { $0.counts(of: user, in: rooms) }
    let missing = rooms.filter { known[$0] == nil }
    guard !missing.isEmpty else { return known }
    let loaded = try await load(user, missing)
    return known.merging(loaded) { $1 }
  }

  private func load(_ user: UserID, _ rooms: [RoomID]) async throws -> [RoomID: RoomUnread] {
    memory.withLock { $0.beginLoading(user, rooms) }
    defer { memory.withLock { $0.endLoading(user, rooms) } }
    let read = try await positions.positions(of: user, in: rooms)
    let loaded = try await store.load(user, in: rooms, positions: read)
    return memory.withLock { memory in
      memory.install(loaded, of: user)
      // What arrived meanwhile is in what memory says; where it cannot say, it was not much.
      return loaded.merging(memory.counts(of: user, in: rooms)) { $1 }
    }
  }
}
