import MatrixIdentifiers

/// What the newest events of a room meant, as a worker saw them pass: it brings the counts of all
/// users of the room up to date without asking the database.
struct RoomPushLog: Sendable {
  /// Events kept.
  static let capacity = 128

  struct Entry: Sendable {
    let streamOrdering: Int64
    let thread: String
    let shared: PushCount
    let differences: [UserID: PushCount]
    let turns: [UserID: Bool]
    /// Who has read the thread up to the event by sending it.
    let reader: UserID?

    init(_ event: EvaluatedEvent) {
      streamOrdering = event.streamOrdering
      thread = event.push.thread?.text ?? PushActions.mainThread
      shared = PushCount(event.push.shared)
      differences = Dictionary(
        event.push.differences.map { ($0.user, PushCount($0.actions)) },
        uniquingKeysWith: { first, _ in first })
      turns = Dictionary(
        event.push.turns.map { ($0.user, $0.follows) }, uniquingKeysWith: { first, _ in first })
      reader = event.reader
    }

    func count(for user: UserID, follows: Bool) -> PushCount {
      differences[user] ?? (follows ? shared : PushCount())
    }
  }

  /// In the order of the stream.
  private var entries: [Entry] = []
  /// The place of the last entry that was dropped.
  private var dropped: Int64 = 0
  /// All events after this place are here; nil as long as that is not known.
  private(set) var completeAfter: Int64?

  mutating func append(_ event: EvaluatedEvent) {
    guard event.streamOrdering > entries.last?.streamOrdering ?? dropped else { return }
    entries.append(Entry(event))
    guard entries.count >= 2 * Self.capacity else { return }
    dropped = entries[Self.capacity - 1].streamOrdering
    entries.removeFirst(Self.capacity)
    completeAfter = completeAfter.map { max($0, dropped) }
  }

  /// Something was read from the database, which began after the log did and told of all events up
  /// to this place.
  mutating func noteLoaded(upTo place: Int64) {
    completeAfter = max(dropped, min(completeAfter ?? place, place))
  }

  func isComplete(after place: Int64) -> Bool {
    completeAfter.map { place >= $0 } ?? false
  }

  /// Brings a user's counts up to date. The log must be complete from there on.
  func advance(_ unread: inout RoomUnread, of user: UserID) {
    for entry in after(unread.upTo) {
      if let follows = entry.turns[user] { unread.follows = follows }
      if entry.reader == user {
        unread.note(entry.thread, entry.streamOrdering)
        unread.counts[entry.thread] = nil
      } else if entry.streamOrdering > unread.position(in: entry.thread) {
        unread.add(entry.count(for: user, follows: unread.follows), to: entry.thread)
      }
      unread.upTo = entry.streamOrdering
    }
  }

  /// Takes a receipt into counts that are up to date.
  /// - Returns: false when the counts cannot be told from the log and have to be loaded.
  func read(_ unread: inout RoomUnread, of user: UserID, thread: String?, upTo place: Int64) -> Bool
  {
    guard unread.note(thread, place) else { return true }
    let affected = unread.counts.keys.filter { thread == nil || $0 == thread }
    guard !affected.isEmpty else { return true }
    let rest = after(place)
    if rest.isEmpty || place >= unread.upTo {
      for thread in affected where unread.position(in: thread) >= unread.upTo {
        unread.counts[thread] = nil
      }
      guard affected.allSatisfy({ unread.counts[$0] == nil }) else { return false }
      return true
    }
    guard isComplete(after: place), rest.allSatisfy({ $0.turns[user] == nil }) else { return false }
    for thread in affected {
      let start = unread.position(in: thread)
      unread.counts[thread] = nil
      for entry in rest
      where entry.thread == thread && entry.streamOrdering > start
        && entry.streamOrdering <= unread.upTo
      {
        unread.add(entry.count(for: user, follows: unread.follows), to: thread)
      }
    }
    return true
  }

  private func after(_ place: Int64) -> ArraySlice<Entry> {
    var start = entries.endIndex
    while start > 0, entries[start - 1].streamOrdering > place { start -= 1 }
    return entries[start...]
  }
}
