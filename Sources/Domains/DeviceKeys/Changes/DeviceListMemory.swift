package import MatrixIdentifiers
package import Streams
import Synchronization

/// Whose devices changed lately, as this worker saw it pass, for /sync.
package final class DeviceListMemory: Sendable {
  /// Changes kept, about 200 bytes each.
  private static let limit = 20_000

  private let store: DeviceListStore
  private let recent: Mutex<RecentRows<DeviceListRow>>

  package init(reader: StreamReader<DeviceListRow>, store: DeviceListStore) {
    self.store = store
    recent = Mutex(RecentRows(start: reader.current, limit: Self.limit))
    reader.onInvalidate { [weak self] batch in self?.recent.withLock { $0.add(batch.trimmed) } }
  }

  /// Changes in `(since, now]` that are everybody's to see, or the user's. From the database they
  /// may be later than `now`: then they are told again, which does no harm.
  package func changes(
    for user: UserID, since: VectorToken, upTo now: VectorToken
  ) async throws -> [DeviceListRow] {
    let recent = recent.withLock { recent in
      recent.rows(since: since, upTo: now) { $0.audience == nil || $0.audience == user }
    }
    if let recent { return recent.map(\.row) }
    return try await store.changes(for: user, since: since).filter {
      !since.covers($0.writer, $0.position)
    }.map(\.row)
  }
}

extension StreamBatch<DeviceListRow> {
  /// Without the rooms, which matter only when the rows come.
  fileprivate var trimmed: Self {
    StreamBatch(
      writer: writer, previous: previous, position: position,
      rows: rows.map { row in
        StreamRow(
          position: row.position,
          row: DeviceListRow(
            userID: row.row.userID, deviceID: row.row.deviceID, audience: row.row.audience))
      })
  }
}
