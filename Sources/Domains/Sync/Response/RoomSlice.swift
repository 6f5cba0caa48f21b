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
  /// When set, members are told only if they are named here or send one of the events.
  var lazyMembersOf: UserID?
}

extension RoomView {
  /// Cuts a slice from memory; nil when it reaches further back than memory does.
  func slice(_ request: SliceRequest) -> RoomSlice? {
    var end = timeline.endIndex
    while end > 0, timeline[end - 1].stored.streamOrdering > request.upTo { end -= 1 }
    var begin = end
    while begin > 0, !isKnown(timeline[begin - 1].stored, since: request.since) { begin -= 1 }
    let reachesBack = begin > 0 || !hasEarlier
    let available = end - begin
    guard reachesBack || available >= request.limit else { return nil }
    guard end > 0 || !hasEarlier else { return nil }
    let start = end - min(available, request.limit)
    let events = timeline[start..<end].map(\.stored)
    let isLimited = available > request.limit || !reachesBack
    return RoomSlice(
      events: events, isLimited: isLimited,
      state: stateToTell(at: start, events: events, isLimited: isLimited, request),
      previousBatch: previousBatch(start: start, end: end))
  }

  private func isKnown(_ stored: StoredEvent, since: VectorToken?) -> Bool {
    since?.covers(stored.writer, stored.streamOrdering) ?? false
  }

  private func previousBatch(start: Int, end: Int) -> Int64 {
    if start < end { return timeline[start].stored.streamOrdering - 1 }
    return end > 0 ? timeline[end - 1].stored.streamOrdering : 0
  }

  private func stateToTell(
    at start: Int, events: [StoredEvent], isLimited: Bool, _ request: SliceRequest
  ) -> [StoredEvent] {
    let wantsAll = request.since == nil || request.wantsFullState
    let undone = replacedSince(start)
    var told: [StoredEvent] = []
    if wantsAll || isLimited {
      for (key, current) in state {
        guard let stored = undone[key] ?? current else { continue }
        if request.lazyMembersOf != nil, key.type == "m.room.member" { continue }
        if wantsAll || !isKnown(stored, since: request.since) { told.append(stored) }
      }
    }
    if let reader = request.lazyMembersOf {
      var wanted = Set(events.map(\.event.sender.text))
      if wantsAll { wanted.insert(reader.text) }
      for user in wanted {
        let key = StateTuple("m.room.member", user)
        if let stored = undone[key] ?? state[key] { told.append(stored) }
      }
    }
    return told
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
  /// Oldest first.
  let events: [StoredEvent]
  let hasEarlier: Bool
  let stateBefore: [StoredEvent]

  func slice(_ request: SliceRequest) -> RoomSlice {
    let kept = events.filter { stored in
      request.since.map { !$0.covers(stored.writer, stored.streamOrdering) } ?? true
    }
    let isLimited = kept.count == events.count && hasEarlier
    let wantsAll = request.since == nil || request.wantsFullState
    var told: [StoredEvent] = []
    if wantsAll || isLimited {
      told = stateBefore.filter { stored in
        wantsAll || request.since?.covers(stored.writer, stored.streamOrdering) != true
      }
    }
    if let reader = request.lazyMembersOf {
      let wanted = Set(kept.map(\.event.sender.text)).union([reader.text])
      told.removeAll {
        $0.event.type == "m.room.member" && !wanted.contains($0.event.stateKey ?? "")
      }
    }
    let first = kept.first?.streamOrdering
    return RoomSlice(
      events: kept, isLimited: isLimited, state: told,
      previousBatch: first.map { $0 - 1 } ?? events.last?.streamOrdering ?? 0)
  }
}
