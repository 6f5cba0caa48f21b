package import MatrixIdentifiers
package import Streams
import Synchronization

/// The newest receipts as this worker saw them pass, for /sync.
package final class ReceiptMemory: Sendable {
  /// Receipts kept, some 200 bytes each.
  private static let limit = 20_000

  private let store: ReceiptStore
  private let recent: Mutex<RecentRows<Receipt>>

  package init(reader: StreamReader<Receipt>, store: ReceiptStore) {
    self.store = store
    recent = Mutex(RecentRows(start: reader.current, limit: Self.limit))
    reader.onInvalidate { [weak self] batch in self?.recent.withLock { $0.add(batch) } }
  }

  /// The receipts that a user may know of and that changed in `(since, now]`. From the database
  /// they may be later than `now`: then they are told again, which does no harm.
  package func changes(
    for user: UserID, in rooms: () -> [RoomID], since: VectorToken, upTo now: VectorToken
  ) async throws -> [Receipt] {
    let known = recent.withLock { recent in
      recent.rows(since: since, upTo: now) { $0.isVisible(to: user) }
    }
    if let known { return known.map(\.row) }
    return try await store.receipts(in: rooms(), for: user, since: since).map(\.row)
  }

  /// All receipts of rooms that a user may know of.
  package func all(for user: UserID, in rooms: [RoomID]) async throws -> [Receipt] {
    guard !rooms.isEmpty else { return [] }
    return try await store.receipts(in: rooms, for: user, since: VectorToken(minimum: 0))
      .map(\.row)
  }
}
