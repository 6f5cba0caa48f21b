import DequeModule
import MatrixIdentifiers
import RoomEvents
import Rooms

extension RoomView {
  /// What a slice tells of the state, the client's filter not applied.
  func stateToTell(
    _ cut: TimelineCut, _ stretch: Stretch, _ request: SliceRequest
  ) -> [StoredEvent] {
    let point = StatePoint(self, cut, stretch, request)
    let wanted = wantedMembers(cut, request)
    return request.tellsWholeState
      ? wholeState(point, wanted, request) : changedState(point, stretch, wanted, request)
  }

  /// The members whom the told events need; nil when all members are told.
  private func wantedMembers(_ cut: TimelineCut, _ request: SliceRequest) -> Set<String>? {
    guard let lazy = request.lazyMembers else { return nil }
    var wanted = Set(cut.kept.map(\.event.sender.text))
    if request.tellsWholeState { wanted.insert(lazy.reader.text) }
    return wanted
  }

  private func wholeState(
    _ point: StatePoint, _ wanted: Set<String>?, _ request: SliceRequest
  ) -> [StoredEvent] {
    var told: [StoredEvent] = []
    told.reserveCapacity(wanted == nil ? state.count : 0)
    for (key, current) in state {
      let isUnwanted =
        wanted.map { key.type == EventType.member && !$0.contains(key.stateKey) } ?? false
      if isUnwanted, request.since == nil { continue }
      guard let stored = point.event(at: key, now: current) else { continue }
      if isUnwanted, request.isKnown(stored) { continue }
      told.append(stored)
    }
    return told
  }

  /// What the client lacks, and the wanted members whom it does not know.
  private func changedState(
    _ point: StatePoint, _ stretch: Stretch, _ wanted: Set<String>?, _ request: SliceRequest
  ) -> [StoredEvent] {
    var changed = changes(point, stretch, request)
    for user in (wanted ?? []).subtracting(request.lazyMembers?.known ?? []) {
      let key = StateTuple(EventType.member, user)
      guard changed[key] == nil else { continue }
      changed[key] = point.event(at: key, now: state[key])
    }
    return Array(changed.values)
  }

  private func changes(
    _ point: StatePoint, _ stretch: Stretch, _ request: SliceRequest
  ) -> [StateTuple: StoredEvent] {
    var changed: [StateTuple: StoredEvent] = [:]
    if stretch.isOpen {
      // They may lie before what memory holds: only the state itself tells.
      for (key, current) in state {
        guard let stored = point.event(at: key, now: current), !request.isKnown(stored) else {
          continue
        }
        changed[key] = stored
      }
      return changed
    }
    for index in stretch.begin..<max(stretch.begin, point.index) {
      let stored = timeline[index].stored
      if let key = stored.key { changed[key] = stored }
    }
    return changed.merging(point.dropped) { $1 }
  }
}

/// The moment as of which a slice tells the state: the start of its timeline or its end.
private struct StatePoint {
  /// Of the first event after it.
  let index: Int
  /// What the timeline leaves out: the client applies the state before the timeline.
  let dropped: [StateTuple: StoredEvent]
  /// For each place of the state that changed later: what was there before.
  private let undone: [StateTuple: StoredEvent?]

  init(_ view: RoomView, _ cut: TimelineCut, _ stretch: Stretch, _ request: SliceRequest) {
    index = request.tellsStateAfter ? stretch.end : cut.start
    dropped = request.tellsStateAfter ? [:] : cut.dropped
    var undone: [StateTuple: StoredEvent?] = [:]
    for entry in view.timeline[index...].reversed() {
      if let key = entry.stored.key { undone.updateValue(entry.replaced, forKey: key) }
    }
    self.undone = undone
  }

  /// Nil when there was nothing in this place yet.
  /// - Parameter current: what is there now.
  func event(at key: StateTuple, now current: StoredEvent?) -> StoredEvent? {
    if !dropped.isEmpty, let dropped = dropped[key] { return dropped }
    if !undone.isEmpty, let replaced = undone[key] { return replaced }
    return current
  }
}
