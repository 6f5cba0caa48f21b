package import DeviceKeys
package import MatrixIdentifiers
package import Postgres
package import Rooms
package import Streams

/// Whose devices changed since a client's token, for clients that were away.
/// spec: client-server-api#get_matrixclientv3keyschanges
package struct KeyChanges: Sendable {
  package enum Failure: Error, Sendable {
    /// This worker does not come to the client's position; the client should ask again.
    case unavailable
  }

  private let changes: DeviceChanges
  private let events: StreamReader<StoredEvent>
  private let devices: StreamReader<DeviceListRow>
  private let loader: MemoryLoader

  /// - Parameter waker: leads to the memory of the engine of this worker.
  package init(
    changes: DeviceChanges, events: StreamReader<StoredEvent>,
    devices: StreamReader<DeviceListRow>, waker: SyncWaker, database: any Querying
  ) {
    loader = MemoryLoader(memory: waker.memory, database: database)
    self.changes = changes
    self.events = events
    self.devices = devices
  }

  /// What is known here by now is told too when it is later than `to`.
  package func callAsFunction(
    for user: UserID, from: SyncToken, to: SyncToken
  ) async throws -> (changed: [UserID], left: [UserID]) {
    for token in [from, to] {
      guard
        await events.waitUntil(covers: token.events, timeout: SyncEngine.catchUpPatience),
        await devices.waitUntil(
          covers: token[.deviceLists], timeout: SyncEngine.catchUpPatience)
      else { throw Failure.unavailable }
    }
    try await loader.loadUser(user)
    let rooms = loader.memory.withState { $0.users[user] } ?? UserRooms([])
    let found = try await changes.find(
      for: user, in: rooms,
      DeviceChanges.Stretch(
        devicesSince: from[.deviceLists], devicesNow: devices.current,
        eventsSince: from.events, eventsNow: events.current), loader)
    return (found.changed.sorted(), found.left.sorted())
  }
}
