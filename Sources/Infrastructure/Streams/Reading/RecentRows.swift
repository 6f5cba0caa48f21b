import Collections
import DequeModule

/// The newest rows of a stream by the subject that they concern (a user, a room), so that a
/// reader in step needs no query. Bounded; whoever asks further back is sent to the database.
package struct RecentRows<Subject: Hashable & Sendable, Row: Sendable>: Sendable {
  package struct Entry: Sendable {
    package let writer: WriterID
    package let position: Int64
    package let row: Row
  }

  private let limit: Int
  /// Rows up to here may be missing.
  private var floor: VectorToken
  private var entries: [Subject: Deque<Entry>] = [:]
  /// Whose oldest entry goes next.
  private var order: Deque<(subject: Subject, writer: WriterID, position: Int64)> = []

  /// - Parameters:
  ///   - start: where the reader began.
  ///   - limit: rows kept over all subjects.
  package init(start: VectorToken, limit: Int) {
    floor = start
    self.limit = limit
  }

  package mutating func add(_ row: Row, of subject: Subject, writer: WriterID, position: Int64) {
    entries[subject, default: []].append(Entry(writer: writer, position: position, row: row))
    order.append((subject, writer, position))
    if order.count > limit { dropOldest() }
  }

  /// The rows in `(since, now]` in the order of their arrival; nil when some of them may be gone.
  package func rows(
    of subject: Subject, since: VectorToken, upTo now: VectorToken
  ) -> [Entry]? {
    guard floor.isCovered(by: since) else { return nil }
    return entries[subject]?.filter {
      !since.covers($0.writer, $0.position) && now.covers($0.writer, $0.position)
    } ?? []
  }

  private mutating func dropOldest() {
    guard let oldest = order.popFirst() else { return }
    floor = floor.advanced(oldest.writer, to: oldest.position)
    entries[oldest.subject]?.removeFirst()
    if entries[oldest.subject]?.isEmpty == true { entries[oldest.subject] = nil }
  }
}
