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
    let found = try await newest(selection, in: range)
    let start = found.events.last.map { $0.streamOrdering - 1 } ?? upTo
    return RoomHistory(
      view: RoomView(
        events: found.events.reversed(),
        stateBefore: try await states.state(of: wanted.room, at: start),
        hasEarlier: found.hasEarlier),
      visibility: visibility, related: found.related)
  }

  /// Finds out to which of the events others belong as the client demands.
  func lookUpRelations(
    of events: [StoredEvent], for request: SyncRequest, _ reader: inout SyncReader
  ) async throws {
    guard let demand = request.filter.timeline.relatedBy else { return }
    reader.note(try await relations.parents(among: events, demand), among: events)
  }

  private struct Newest {
    /// The newest first.
    let events: [StoredEvent]
    /// Whether there may be earlier ones to tell.
    let hasEarlier: Bool
    /// Those that have what the client demands to belong to them.
    let related: Set<EventID>?
  }

  private func newest(
    _ selection: SliceRequest, in range: RoomRange
  ) async throws -> Newest {
    var selection = selection
    var found: [StoredEvent] = []
    var (count, isComplete) = (0, false)
    let findRelated = { (batch: [StoredEvent]) async throws in
      guard let demand = selection.timeline.relatedBy else { return }
      let parents = try await relations.parents(among: batch.filter(selection.mayTell), demand)
      selection.related = (selection.related ?? []).union(parents)
    }
    let end = try await events.scan(
      range, .backwards, expecting: selection.limit, preparing: findRelated
    ) { stored in
      isComplete = selection.isKnown(stored)
      guard !isComplete else { return false }
      if selection.tells(stored) {
        guard count < selection.limit else { return false }
        count += 1
      }
      found.append(stored)
      return true
    }
    return Newest(
      events: found, hasEarlier: end != .exhausted && !isComplete, related: selection.related)
  }
}
