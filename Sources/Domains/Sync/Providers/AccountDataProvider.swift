package import Ephemera
import MatrixIdentifiers
import Rooms
package import Streams

/// Tells of a user's account data, global and by room.
package struct AccountDataProvider: SyncProvider {
  private let reader: StreamReader<AccountDataRow>
  private let memory: AccountDataMemory

  package init(
    reader: StreamReader<AccountDataRow>, memory: AccountDataMemory, waker: SyncWaker
  ) {
    self.reader = reader
    self.memory = memory
    reader.onWake { batch in waker.wake(users: Set(batch.rows.map(\.row.userID))) }
  }

  package var stream: StreamName { .accountData }
  package var current: VectorToken { reader.current }

  package func waitUntil(covers token: VectorToken, timeout: Duration) async -> Bool {
    await reader.waitUntil(covers: token, timeout: timeout)
  }

  package func news(for request: ProviderRequest) async throws -> SyncNews {
    var news = SyncNews()
    let filter = request.sync.filter
    for row in try await rows(for: request) {
      if let room = row.roomID {
        guard request.isTold(room), filter.roomAccountData.matches(type: row.type, room: room)
        else { continue }
        news.rooms[room, default: .init()].accountData.append(row.event)
      } else if filter.accountData.matches(type: row.type) {
        news.accountData.append(row.event)
      }
    }
    return news
  }

  /// Rooms that are new to the client are told with all their data, however old.
  private func rows(for request: ProviderRequest) async throws -> [AccountDataRow] {
    let user = request.sync.userID
    guard let since = request.since else { return try await memory.all(of: user) }
    var rows: [AccountDataRow] = []
    if !request.isUpToDate {
      rows = try await memory.changes(of: user, since: since, upTo: request.now)
    }
    guard !request.entered.isEmpty else { return rows }
    rows.removeAll { $0.roomID.map { request.entered.contains($0) } ?? false }
    return rows
      + (try await memory.all(of: user)).filter {
        $0.roomID.map { request.entered.contains($0) } ?? false
      }
  }
}
