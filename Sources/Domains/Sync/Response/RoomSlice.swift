import DequeModule
import MatrixIdentifiers
import RoomEvents
import Rooms
import Streams

/// The part of a room that one answer tells: some events, and the state as far as the client does
/// not know it.
struct RoomSlice: Sendable {
  var events: [StoredEvent]
  /// Whether events between the client's position and `events` are left out.
  var isLimited: Bool
  /// Before `events`, or with them when the client asked for that.
  var state: [StoredEvent]
  /// The client pages backwards from here.
  var previousBatch: Int64
  /// What the user may see of the room; nil when that is all.
  var history: HistoryVisibility?
  /// What the user's membership was at the events.
  var memberships = MembershipHistory.alwaysJoined

  /// Events of which the client has to be told what belongs to them: what came after them is left
  /// out, or comes to it as news.
  /// spec: client-server-api#aggregations-of-child-events
  var parents: [StoredEvent] {
    isLimited ? events.filter { $0.key == nil && $0.mayHaveChildren } : []
  }

  mutating func show(_ content: ErasedContent) {
    events = events.map(content.shown)
  }

  /// Adds the user's own last member event, unless the slice has it already.
  mutating func add(_ own: StoredEvent, for request: SliceRequest) {
    let isOwn = { (stored: StoredEvent) in stored.event.eventID == own.event.eventID }
    let goesIntoTimeline =
      request.limit > 0 && request.timeline.matches(own) && request.hasRelated(own)
    if !events.contains(where: isOwn), !state.contains(where: isOwn) {
      if goesIntoTimeline {
        events.append(own)
      } else if !request.tellsStateAfter, request.state.matches(own) {
        state.append(own)
      }
    }
    guard request.tellsStateAfter, request.state.matches(own) else { return }
    state.removeAll { $0.key == own.key }
    state.append(own)
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
  /// State is told as of the end of the timeline: the client takes none from there.
  var tellsStateAfter = false
  /// Nil when all members are told.
  var lazyMembers: LazyMembers?
  var timeline = EventFilter()
  /// The events that have what the client demands to belong to them; nil when it demands nothing.
  var related: Set<EventID>?
  var state = EventFilter()
  /// What the user may see; nil when that is all.
  var history: HistoryVisibility?
  /// What the user's membership was.
  var memberships = MembershipHistory.alwaysJoined
  /// Who sends nothing to the user but state.
  var ignored: Set<UserID> = []

  /// The client gets all of the state.
  var tellsWholeState: Bool {
    since == nil || wantsFullState
  }

  var tellsEverything: Bool {
    history == nil && ignored.isEmpty && timeline.admitsEverything && related == nil
  }

  func tells(_ stored: StoredEvent) -> Bool {
    mayTell(stored) && hasRelated(stored)
  }

  func hasRelated(_ stored: StoredEvent) -> Bool {
    related?.contains(stored.event.eventID) ?? true
  }

  /// Apart from what belongs to the event.
  func mayTell(_ stored: StoredEvent) -> Bool {
    history?.sees(stored.streamOrdering) ?? true && timeline.matches(stored)
      && (ignored.isEmpty || stored.key != nil || !ignored.contains(stored.event.sender))
  }

  func isKnown(_ stored: StoredEvent) -> Bool {
    since?.covers(stored.writer, stored.streamOrdering) ?? false
  }
}

/// Members are told only if they send one of the events, or are in the room's summary, or changed
/// where the client did not see it.
struct LazyMembers: Sendable {
  /// Told of whenever all of the state is.
  var reader: UserID
  /// Whom the client has been told of and remembers: again only when they changed.
  var known: Set<String> = []
}

extension RoomView {
  /// Cuts a slice from memory; nil when it reaches further back than memory does.
  func slice(_ request: SliceRequest) -> RoomSlice? {
    let end = end(request)
    guard end > 0 || !hasEarlier else { return nil }
    let stretch = stretch(request, end: end)
    let cut = cut(request, stretch)
    return stretch.isOpen && !cut.isFull ? nil : slice(cut, stretch, request)
  }

  /// A slice of what there is, even if that is less than was asked for.
  func longestSlice(_ request: SliceRequest) -> RoomSlice {
    let stretch = stretch(request, end: end(request))
    return slice(cut(request, stretch), stretch, request)
  }

  /// The events of which it must be known what belongs to them before a slice is cut.
  func parentsToAsk(for request: SliceRequest) -> [StoredEvent] {
    let stretch = stretch(request, end: end(request))
    return timeline[stretch.begin..<stretch.end].map(\.stored).filter {
      $0.mayHaveChildren && request.mayTell($0)
    }
  }

  private func end(_ request: SliceRequest) -> Int {
    var end = timeline.endIndex
    while end > 0, timeline[end - 1].stored.streamOrdering > request.upTo { end -= 1 }
    return end
  }

  private func stretch(_ request: SliceRequest, end: Int) -> Stretch {
    var begin = end
    while begin > 0, !request.isKnown(timeline[begin - 1].stored) { begin -= 1 }
    return Stretch(begin: begin, end: end, isOpen: begin == 0 && hasEarlier)
  }

  private func cut(_ request: SliceRequest, _ stretch: Stretch) -> TimelineCut {
    let events = timeline[stretch.begin..<stretch.end].lazy.map(\.stored)
    return request.tellsEverything
      ? TimelineCut(newest: request.limit, of: events, isOpen: stretch.isOpen)
      : TimelineCut(choosing: request, from: events, isOpen: stretch.isOpen)
  }

  private func slice(
    _ cut: TimelineCut, _ stretch: Stretch, _ request: SliceRequest
  ) -> RoomSlice {
    var state = stateToTell(cut, stretch, request)
    if !request.state.admitsEverything { state.removeAll { !request.state.matches($0) } }
    return RoomSlice(
      events: cut.kept, isLimited: cut.isLimited, state: state,
      previousBatch: previousBatch(start: cut.start, end: stretch.end), history: request.history,
      memberships: request.memberships)
  }

  private func previousBatch(start: Int, end: Int) -> Int64 {
    if start < end { return timeline[start].stored.streamOrdering - 1 }
    return end > 0 ? timeline[end - 1].stored.streamOrdering : 0
  }
}

/// The part of a view's timeline that the client does not know.
struct Stretch {
  let begin: Int
  let end: Int
  /// Whether there are events before it that the client lacks.
  let isOpen: Bool
}

/// A stretch of history from the database, for slices that memory cannot give.
struct RoomHistory: Sendable {
  let view: RoomView
  /// What the user may see of it; nil when that is all.
  let visibility: HistoryVisibility?
  /// Its events to which others belong as the client demands; nil when it demands nothing.
  var related: Set<EventID>?
}
