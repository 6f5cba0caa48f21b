import Ephemera
import MatrixIdentifiers
import Rooms
package import Streams

/// Tells who types in the user's rooms.
package struct TypingProvider: SyncProvider {
  private let values: LatestValues

  package init(values: LatestValues, waker: SyncWaker) {
    self.values = values
    values.onChange { keys in waker.wake(rooms: keys.compactMap { RoomID($0) }) }
  }

  package var stream: StreamName { .typing }
  package var current: VectorToken { VectorToken(minimum: values.position) }

  /// Nobody waits long to learn who types: a worker that is behind goes on without.
  package func waitUntil(covers token: VectorToken, timeout: Duration) async -> Bool {
    _ = await values.waitUntil(covers: token.minimum)
    return true
  }

  package func news(for request: ProviderRequest) async throws -> SyncNews {
    var news = SyncNews()
    let filter = request.sync.filter.ephemeral
    guard filter.matches(type: TypingEvent.type) else { return news }
    if !request.isUpToDate {
      let since = request.since?.minimum ?? 0
      for (key, entry) in values.changes(since: since, upTo: request.now.minimum) {
        // Who knows nothing yet is not told who has stopped.
        guard let room = RoomID(key), request.isTold(room), filter.admits(room),
          entry.value != nil || request.since != nil && !request.entered.contains(room)
        else { continue }
        news.rooms[room, default: .init()].ephemeral.append(TypingEvent.bytes(entry.value))
      }
    }
    for room in request.entered where news.rooms[room] == nil && filter.admits(room) {
      guard let users = values.value(of: room.text) else { continue }
      news.rooms[room, default: .init()].ephemeral.append(TypingEvent.bytes(users))
    }
    return news
  }
}
