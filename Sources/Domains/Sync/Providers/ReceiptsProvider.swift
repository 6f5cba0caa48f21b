package import Ephemera
import MatrixIdentifiers
import Rooms
package import Streams

/// Tells who has read what in the user's rooms.
package struct ReceiptsProvider: SyncProvider {
  private let reader: StreamReader<Receipt>
  private let memory: ReceiptMemory

  package init(reader: StreamReader<Receipt>, memory: ReceiptMemory, waker: SyncWaker) {
    self.reader = reader
    self.memory = memory
    reader.onWake { batch in
      let (told, untold) = (
        batch.rows.filter { $0.row.type == .read }, batch.rows.filter { $0.row.type != .read }
      )
      if !told.isEmpty { waker.wake(rooms: Set(told.map(\.row.roomID))) }
      if !untold.isEmpty { waker.wake(users: Set(untold.map(\.row.userID))) }
    }
  }

  package var stream: StreamName { .receipts }
  package var current: VectorToken { reader.current }

  package func waitUntil(covers token: VectorToken, timeout: Duration) async -> Bool {
    await reader.waitUntil(covers: token, timeout: timeout)
  }

  package func news(for request: ProviderRequest) async throws -> SyncNews {
    var news = SyncNews()
    let filter = request.sync.filter.ephemeral
    guard filter.matches(type: ReceiptEvent.type) else { return news }
    let receipts = Dictionary(grouping: try await receipts(for: request), by: \.roomID)
    for (room, receipts) in receipts where request.isTold(room) && filter.admits(room) {
      news.rooms[room, default: .init()].ephemeral.append(ReceiptEvent.bytes(receipts))
    }
    return news
  }

  /// Rooms that are new to the client are told with all their receipts, however old.
  private func receipts(for request: ProviderRequest) async throws -> [Receipt] {
    let user = request.sync.userID
    guard let since = request.since else {
      return try await memory.all(for: user, in: Array(request.joinedRooms))
    }
    var receipts: [Receipt] = []
    if !request.isUpToDate {
      receipts = try await memory.changes(
        for: user, in: { Array(request.joinedRooms) }, since: since, upTo: request.now)
    }
    guard !request.entered.isEmpty else { return receipts }
    receipts.removeAll { request.entered.contains($0.roomID) }
    return receipts + (try await memory.all(for: user, in: Array(request.entered)))
  }
}
