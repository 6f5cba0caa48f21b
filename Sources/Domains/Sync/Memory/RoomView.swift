import Collections
import DequeModule
import MatrixIdentifiers
import RoomEvents
import Rooms
import Streams

/// A room as this worker remembers it: its newest events and its current state, kept in step
/// with the stream. Answers to /sync are made from it without asking the database.
struct RoomView: Sendable {
  /// Events kept; a client that asks for more is served from the database.
  static let timelineCapacity = 32

  struct Entry: Sendable {
    var stored: StoredEvent
    /// For a state event, what it replaced.
    var replaced: StoredEvent?
  }

  private(set) var timeline: Deque<Entry>
  /// Whether there are events before `timeline`.
  private(set) var hasEarlier: Bool
  private(set) var state: [StateTuple: StoredEvent]
  private(set) var members: RoomMembers
  /// Whether the room's history was hidden from later members at any time in `timeline`.
  private(set) var hidesHistory = false

  /// - Parameters:
  ///   - timeline: oldest first.
  ///   - replaced: the events that the timeline's state events took the place of, by id.
  init(
    timeline: [StoredEvent], state: [StoredEvent], hasEarlier: Bool,
    replaced: [EventID: StoredEvent]
  ) {
    self.hasEarlier = hasEarlier
    self.state = Dictionary(
      state.compactMap { stored in stored.key.map { ($0, stored) } },
      uniquingKeysWith: { $0.streamOrdering > $1.streamOrdering ? $0 : $1 })
    members = RoomMembers(self.state)
    self.timeline = Deque(
      timeline.map { stored in
        Entry(stored: stored, replaced: stored.replacedEventID.flatMap { replaced[$0] })
      })
    noteVisibility(self.state[StateTuple(EventType.historyVisibility)])
    for entry in self.timeline {
      noteVisibility(entry.stored)
      noteVisibility(entry.replaced)
    }
  }

  /// A stretch of history that is not followed any further.
  /// - Parameters:
  ///   - events: oldest first.
  ///   - stateBefore: the state before the first of the events.
  init(events: [StoredEvent], stateBefore: [StoredEvent], hasEarlier: Bool) {
    self.init(timeline: [], state: stateBefore, hasEarlier: hasEarlier, replaced: [:])
    for stored in events { add(stored) }
  }

  var lastOrdering: Int64 {
    timeline.last?.stored.streamOrdering ?? 0
  }

  var last: StoredEvent? {
    timeline.last?.stored
  }

  /// Takes the next event of the stream; one that is known already changes nothing.
  mutating func apply(_ stored: StoredEvent) {
    guard stored.streamOrdering > lastOrdering else { return }
    add(stored)
    if timeline.count > Self.timelineCapacity {
      timeline.removeFirst()
      hasEarlier = true
    }
    if let target = stored.event.redacts { redact(target, by: stored) }
    if let relation = Relation(of: stored.event) {
      timeline.last { $0.stored.event.eventID == relation.parent }?.stored.noteChild()
    }
  }

  private mutating func add(_ stored: StoredEvent) {
    var entry = Entry(stored: stored)
    if let key = stored.key {
      entry.replaced = state[key]
      state[key] = stored
      members.replace(entry.replaced, with: stored, in: state)
      noteVisibility(stored)
    }
    timeline.append(entry)
  }

  private mutating func noteVisibility(_ stored: StoredEvent?) {
    guard let event = stored?.event, event.type == EventType.historyVisibility else { return }
    if HistoryVisibility.Setting(of: event).isRestrictive { hidesHistory = true }
  }

  private mutating func redact(_ target: EventID, by redaction: StoredEvent) {
    let mark = ReplacementMark(of: target)
    func redacted(_ stored: StoredEvent) -> StoredEvent {
      if stored.event.eventID == target { return Redaction.apply(redaction, to: stored) ?? stored }
      return stored.replaces(mark) ? Redaction.apply(toSuccessor: stored) : stored
    }
    for index in timeline.indices {
      timeline[index].stored = redacted(timeline[index].stored)
      timeline[index].replaced = timeline[index].replaced.map(redacted)
    }
    for (key, stored) in state {
      if stored.event.eventID == target || stored.replaces(mark) { state[key] = redacted(stored) }
    }
  }
}

extension StoredEvent {
  /// The place in the room's state that this event fills; nil for a message.
  var key: StateTuple? {
    event.stateKey.map { StateTuple(event.type, $0) }
  }
}
