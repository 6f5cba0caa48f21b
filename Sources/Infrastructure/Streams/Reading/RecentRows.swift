import Collections
import DequeModule

/// The newest rows of a stream, so that a reader in step needs no query. Bounded; whoever asks
/// further back is sent to the database.
package struct RecentRows<Row: Sendable>: Sendable {
  package struct Entry: Sendable {
    package let writer: WriterID
    package let position: Int64
    package let row: Row

    package init(writer: WriterID, position: Int64, row: Row) {
      self.writer = writer
      self.position = position
      self.row = row
    }
  }

  private let limit: Int
  /// Rows up to here may be missing.
  private var floor: VectorToken
  /// Each writer's rows in the order of their positions.
  private var entries: [WriterID: Deque<Entry>] = [:]
  /// Whose oldest row goes next.
  private var order: Deque<WriterID> = []

  /// - Parameters:
  ///   - start: where the reader began.
  ///   - limit: rows kept.
  package init(start: VectorToken, limit: Int) {
    floor = start
    self.limit = limit
  }

  package mutating func add(_ batch: StreamBatch<Row>) {
    for row in batch.rows {
      entries[batch.writer, default: []].append(
        Entry(writer: batch.writer, position: row.position, row: row.row))
      order.append(batch.writer)
    }
    while order.count > limit { dropOldest() }
  }

  /// The rows in `(since, now]` that pass the test, each writer's in their order; nil when some
  /// may be gone. Costs as much as there are rows after `since`.
  package func rows(
    since: VectorToken, upTo now: VectorToken, where isWanted: (Row) -> Bool = { _ in true }
  ) -> [Entry]? {
    guard floor.isCovered(by: since) else { return nil }
    var found: [Entry] = []
    for (writer, rows) in entries {
      let first = since.position(of: writer)
      let last = now.position(of: writer)
      var newer: [Entry] = []
      for entry in rows.reversed() {
        guard entry.position > first else { break }
        if entry.position <= last, isWanted(entry.row) { newer.append(entry) }
      }
      found += newer.reversed()
    }
    return found
  }

  private mutating func dropOldest() {
    guard let writer = order.popFirst(), let oldest = entries[writer]?.popFirst() else { return }
    floor = floor.advanced(writer, to: oldest.position)
  }
}
