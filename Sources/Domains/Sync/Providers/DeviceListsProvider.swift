package import DeviceKeys
import MatrixIdentifiers
package import Postgres
package import Streams

/// Tells a user whose devices have changed, with whom a room has come to be shared, and with whom
/// none is any more.
package struct DeviceListsProvider: SyncProvider {
  private let reader: StreamReader<DeviceListRow>
  private let changes: DeviceChanges
  private let loader: MemoryLoader

  package init(
    reader: StreamReader<DeviceListRow>, changes: DeviceChanges, waker: SyncWaker,
    database: any Querying
  ) {
    loader = MemoryLoader(memory: waker.memory, database: database)
    self.reader = reader
    self.changes = changes
    reader.onWake { batch in
      let rows = batch.rows.map(\.row)
      waker.wake(users: Set(rows.map { $0.audience ?? $0.userID }))
      waker.wake(rooms: Set(rows.flatMap(\.rooms)))
    }
  }

  package var stream: StreamName { .deviceLists }
  package var current: VectorToken { reader.current }

  package func waitUntil(covers token: VectorToken, timeout: Duration) async -> Bool {
    await reader.waitUntil(covers: token, timeout: timeout)
  }

  /// Whoever knows nothing yet asks for what is needed.
  package func news(for request: ProviderRequest) async throws -> SyncNews {
    var news = SyncNews()
    guard let since = request.since, let eventsSince = request.eventsSince else { return news }
    let found = try await changes.find(
      for: request.sync.userID, in: request.rooms,
      DeviceChanges.Stretch(
        devicesSince: since, devicesNow: request.now, eventsSince: eventsSince,
        eventsNow: request.eventsNow), loader)
    news.changedDevices = found.changed.sorted()
    news.leftDevices = found.left.sorted()
    return news
  }
}
