package import MatrixIdentifiers
package import Streams
import Synchronization

/// The newest account data as this worker saw it pass, for /sync.
package final class AccountDataMemory: Sendable {
  /// Rows kept; each holds its content.
  private static let limit = 5_000

  package typealias Entry = RecentRows<AccountDataRow>.Entry

  private let store: AccountDataStore
  private let recent: Mutex<RecentRows<AccountDataRow>>

  package init(reader: StreamReader<AccountDataRow>, store: AccountDataStore) {
    self.store = store
    recent = Mutex(RecentRows(start: reader.current, limit: Self.limit))
    reader.onInvalidate { [weak self] batch in self?.recent.withLock { $0.add(batch) } }
  }

  /// What of a user's data changed in `(since, now]`, the latest of each type. From the database
  /// it may be later than `now`: then it is told again, which does no harm.
  package func changes(
    of user: UserID, since: VectorToken, upTo now: VectorToken
  ) async throws -> [AccountDataRow] {
    let entries: [Entry]
    if let recent = recent.withLock({ $0.rows(since: since, upTo: now) { $0.userID == user } }) {
      entries = recent
    } else {
      entries = try await store.changes(of: user, since: since).filter {
        !since.covers($0.writer, $0.position)
      }
    }
    var latest: [Place: AccountDataRow] = [:]
    for entry in entries { latest[Place(entry.row)] = entry.row }
    return Array(latest.values)
  }

  /// All data of a user.
  package func all(of user: UserID) async throws -> [AccountDataRow] {
    try await store.changes(of: user, since: VectorToken(minimum: 0)).map(\.row)
  }

  private struct Place: Hashable {
    let room: RoomID?
    let type: String

    init(_ row: AccountDataRow) {
      (room, type) = (row.roomID, row.type)
    }
  }
}
