import MatrixIdentifiers
import RoomEvents
import Rooms
import Streams

extension MemoryLoader {
  /// A stretch of history that is older than memory: as many of its newest events as hold
  /// `limit` that are to be told.
  func history(
    _ wanted: SyncComposer.HistoryRequest, for request: SyncRequest, _ reader: SyncReader
  ) async throws -> RoomHistory {
    var (upTo, earliest) = (wanted.upTo, wanted.since?.minimum ?? .min)
    var visibility: HistoryVisibility?
    if wanted.checksVisibility {
      let record = try await states.readingRecord(of: request.userID, in: wanted.room)
      visibility = record.history
      guard let bounds = record.history.bounds, record.isJoined || record.departure != nil else {
        return RoomHistory(
          view: RoomView(events: [], stateBefore: [], hasEarlier: false), visibility: visibility)
      }
      if let departure = record.departure { upTo = min(upTo, departure) }
      if bounds.lowerBound > earliest { earliest = bounds.lowerBound - 1 }
    }
    let range = RoomRange(room: wanted.room, after: earliest, upTo: upTo)
    let selection = SliceRequest(
      since: wanted.since, limit: max(1, wanted.limit), timeline: request.filter.timeline,
      history: visibility, ignored: reader.ignored)
    let (found, hasEarlier) = try await newest(selection, in: range)
    let start = found.last.map { $0.streamOrdering - 1 } ?? upTo
    return RoomHistory(
      view: RoomView(
        events: found.reversed(), stateBefore: try await states.state(of: wanted.room, at: start),
        hasEarlier: hasEarlier),
      visibility: visibility)
  }

  /// The newest events first, and whether there may be earlier ones to tell.
  private func newest(
    _ selection: SliceRequest, in range: RoomRange
  ) async throws -> ([StoredEvent], hasEarlier: Bool) {
    var found: [StoredEvent] = []
    var (count, isComplete) = (0, false)
    let end = try await events.scan(range, .backwards, expecting: selection.limit) { stored in
      isComplete = selection.isKnown(stored)
      guard !isComplete else { return false }
      if selection.tells(stored) {
        guard count < selection.limit else { return false }
        count += 1
      }
      found.append(stored)
      return true
    }
    return (found, hasEarlier: end != .exhausted && !isComplete)
  }
}
