import DequeModule
import MatrixIdentifiers
import RoomEvents
import Rooms
import Streams

/// The part of a room that one answer tells: some events, and the state before them as far as
/// the client does not know it.
struct RoomSlice: Sendable {
  var events: [StoredEvent]
  /// Whether events between the client's position and `events` are left out.
  var isLimited: Bool
  var state: [StoredEvent]
  /// The client pages backwards from here.
  var previousBatch: Int64

  /// Adds the user's own last member event, unless the slice has it already.
  mutating func add(_ own: StoredEvent, for request: SliceRequest) {
    guard !(events + state).contains(where: { $0.event.eventID == own.event.eventID }) else {
      return
    }
    if request.limit > 0, request.timeline.matches(own) {
      events.append(own)
    } else if request.state.matches(own) {
      state.append(own)
    }
  }
}

/// What a slice is to hold.
struct SliceRequest: Sendable {
  /// The client's position; nil when the room is new to it.
  var since: VectorToken?
  /// The last position to tell of; later events are not the client's to see.
  var upTo = Int64.max
  var limit: Int
  /// The whole state even though the client has a position.
  var wantsFullState = false
  /// When set, members are told only if they are named here, send one of the events or changed
  /// where the client did not see it.
  var lazyMembersOf: UserID?
  var timeline = EventFilter()
  var state = EventFilter()
  /// What the user may see; nil when that is all.
  var history: HistoryVisibility?

  var tellsEverything: Bool {
    history == nil && timeline.admitsEverything
  }

  func tells(_ stored: StoredEvent) -> Bool {
    history?.sees(stored.streamOrdering) ?? true && timeline.matches(stored)
  }

  func isKnown(_ stored: StoredEvent) -> Bool {
    since?.covers(stored.writer, stored.streamOrdering) ?? false
  }
}

extension RoomView {
  /// Cuts a slice from memory; nil when it reaches further back than memory does.
  func slice(_ request: SliceRequest) -> RoomSlice? {
    let end = end(request)
    guard end > 0 || !hasEarlier else { return nil }
    let (cut, isOpen) = cut(request, end: end)
    return isOpen && !cut.isFull ? nil : slice(cut, end: end, request)
  }

  /// A slice of what there is, even if that is less than was asked for.
  func longestSlice(_ request: SliceRequest) -> RoomSlice {
    let end = end(request)
    return slice(cut(request, end: end).0, end: end, request)
  }

  private func end(_ request: SliceRequest) -> Int {
    var end = timeline.endIndex
    while end > 0, timeline[end - 1].stored.streamOrdering > request.upTo { end -= 1 }
    return end
  }

  /// Also whether there are events that the client lacks before the first one here.
  private func cut(_ request: SliceRequest, end: Int) -> (TimelineCut, isOpen: Bool) {
    var begin = end
    while begin > 0, !request.isKnown(timeline[begin - 1].stored) { begin -= 1 }
    let isOpen = begin == 0 && hasEarlier
    let stretch = timeline[begin..<end].lazy.map(\.stored)
    let cut =
      request.tellsEverything
      ? TimelineCut(newest: request.limit, of: stretch, isOpen: isOpen)
      : TimelineCut(choosing: request, from: stretch, isOpen: isOpen)
    return (cut, isOpen)
  }

  private func slice(_ cut: TimelineCut, end: Int, _ request: SliceRequest) -> RoomSlice {
    RoomSlice(
      events: cut.kept, isLimited: cut.isLimited, state: stateToTell(cut, request),
      previousBatch: previousBatch(start: cut.start, end: end))
  }

  private func previousBatch(start: Int, end: Int) -> Int64 {
    if start < end { return timeline[start].stored.streamOrdering - 1 }
    return end > 0 ? timeline[end - 1].stored.streamOrdering : 0
  }

  private func stateToTell(_ cut: TimelineCut, _ request: SliceRequest) -> [StoredEvent] {
    let wantsAll = request.since == nil || request.wantsFullState
    guard wantsAll || cut.isLimited || request.lazyMembersOf != nil || !cut.dropped.isEmpty else {
      return []
    }
    var wantedMembers: Set<String>?
    if let reader = request.lazyMembersOf {
      wantedMembers = Set(cut.kept.map(\.event.sender.text))
      if wantsAll { wantedMembers?.insert(reader.text) }
    }
    let undone = replacedSince(cut.start)
    var told: [StoredEvent] = []
    for (key, stored) in candidates(cut, undone, all: wantsAll || cut.isLimited) {
      let isNews = !request.isKnown(stored)
      if let wantedMembers, key.type == EventType.member {
        // Those that are wanted follow.
        guard request.since != nil, isNews, !wantedMembers.contains(key.stateKey) else { continue }
      }
      if wantsAll || isNews { told.append(stored) }
    }
    for user in wantedMembers ?? [] {
      let key = StateTuple(EventType.member, user)
      if let stored = cut.dropped[key] ?? undone[key] ?? state[key] { told.append(stored) }
    }
    if !request.state.admitsEverything { told.removeAll { !request.state.matches($0) } }
    return told
  }

  /// The state before the cut with what the cut left out of the timeline, or only the latter.
  private func candidates(
    _ cut: TimelineCut, _ undone: [StateTuple: StoredEvent?], all: Bool
  ) -> [(StateTuple, StoredEvent)] {
    guard all else { return Array(cut.dropped.map { ($0.key, $0.value) }) }
    return state.compactMap { key, current in
      (cut.dropped[key] ?? undone[key] ?? current).map { (key, $0) }
    }
  }

  /// For each place of the state that changed at or after `start`: what was there before.
  private func replacedSince(_ start: Int) -> [StateTuple: StoredEvent?] {
    var undone: [StateTuple: StoredEvent?] = [:]
    for entry in timeline[start...].reversed() {
      if let key = entry.stored.key { undone.updateValue(entry.replaced, forKey: key) }
    }
    return undone
  }
}

/// A stretch of history from the database, for slices that memory cannot give.
struct RoomHistory: Sendable {
  let view: RoomView
  /// What the user may see of it; nil when that is all.
  let visibility: HistoryVisibility?
}
