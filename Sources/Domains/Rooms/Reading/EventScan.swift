/// How a look through a part of a room's history ended.
package enum ScanEnd: Sendable {
  /// The visitor had enough.
  case stopped
  /// There are no more events in the range.
  case exhausted
  /// `EventStore.scanLimit` was reached.
  case bounded
}

package enum ScanDirection: Sendable {
  case backwards
  case forwards
}

extension EventStore {
  /// Events looked at for one answer. A client whose filter matches none of them is told where
  /// to go on.
  package static let scanLimit = 2000
  /// Events fetched at once after the first fetch, so that the loop is never held up for long.
  private static let batchLimit = 250

  /// Shows the events of a range to `visit` until it says false.
  /// - Parameters:
  ///   - count: how many events are likely to be enough.
  ///   - prepare: gets events before they are shown, many at once.
  package func scan(
    _ range: RoomRange, _ direction: ScanDirection, expecting count: Int,
    preparing prepare: (([StoredEvent]) async throws -> Void)? = nil,
    _ visit: (StoredEvent) -> Bool
  ) async throws -> ScanEnd {
    var (after, upTo) = (range.after, range.upTo)
    var size = count + 1
    var seen = 0
    while after < upTo {
      let batch =
        switch direction {
        case .backwards:
          try await backwards(in: range.room, from: upTo, downTo: after, limit: size)
        case .forwards:
          try await forwards(in: range.room, after: after, upTo: upTo, limit: size)
        }
      try await prepare?(batch)
      for stored in batch {
        guard visit(stored) else { return .stopped }
      }
      guard batch.count == size, let last = batch.last else { return .exhausted }
      switch direction {
      case .backwards: upTo = last.streamOrdering - 1
      case .forwards: after = last.streamOrdering
      }
      seen += batch.count
      guard seen < Self.scanLimit else { return .bounded }
      size = max(size, min(2 * size, Self.batchLimit))
    }
    return .exhausted
  }
}
