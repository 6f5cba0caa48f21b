import MatrixIdentifiers
import RoomEvents

/// What is wanted of a room's history.
struct HistorySelection {
  let room: RoomID
  let history: HistoryVisibility
  let filter: EventFilter
  /// Whose messages the reader does not want to see.
  let ignored: Set<UserID>
  /// Where it is looked up what belongs to events.
  let relations: RelationStore
  var limit: Int

  /// Apart from what belongs to the event.
  fileprivate func admits(_ stored: StoredEvent) -> Bool {
    history.sees(stored.streamOrdering) && filter.matches(stored)
      && (stored.event.stateKey != nil || !ignored.contains(stored.event.sender))
  }
}

/// What was found of it, in the order in which it was looked for.
struct SelectedEvents {
  fileprivate(set) var events: [StoredEvent] = []
  /// The positions of the first and the last event that was looked at.
  fileprivate(set) var first: Int64?
  fileprivate(set) var last: Int64?
  /// The place between two events from which to look on; nil when there is nothing more.
  fileprivate(set) var next: Int64?
}

extension EventStore {
  /// Looks through (after, upTo] until there are enough events or `scanLimit` is reached.
  func select(
    _ wanted: HistorySelection, _ direction: ScanDirection, after: Int64, upTo: Int64,
    where isInRange: (StoredEvent) -> Bool
  ) async throws -> SelectedEvents {
    guard wanted.filter.admits(wanted.room), let bounds = wanted.history.bounds else {
      return SelectedEvents()
    }
    let lowest = bounds.lowerBound == .min ? .min : bounds.lowerBound - 1
    let range = RoomRange(
      room: wanted.room, after: max(after, lowest), upTo: min(upTo, bounds.upperBound))
    var found = SelectedEvents()
    var related: Set<EventID>?
    let findRelated = { (batch: [StoredEvent]) async throws in
      guard let demand = wanted.filter.relatedBy else { return }
      related = try await wanted.relations.parents(among: batch.filter(wanted.admits), demand)
    }
    let end = try await scan(
      range, direction, expecting: wanted.limit, preparing: findRelated
    ) { stored in
      found.first = found.first ?? stored.streamOrdering
      let isWanted =
        isInRange(stored) && wanted.admits(stored)
        && related?.contains(stored.event.eventID) ?? true
      if isWanted, found.events.count == wanted.limit {
        // An answer to another filter may go on from here too: nothing is skipped.
        let last = found.events.last?.streamOrdering
        switch direction {
        case .backwards: found.next = last.map { $0 - 1 } ?? stored.streamOrdering
        case .forwards: found.next = last ?? stored.streamOrdering - 1
        }
        return false
      }
      if isWanted { found.events.append(stored) }
      found.last = stored.streamOrdering
      return true
    }
    if end == .bounded, let last = found.last {
      found.next = direction == .backwards ? last - 1 : last
    }
    return found
  }
}
