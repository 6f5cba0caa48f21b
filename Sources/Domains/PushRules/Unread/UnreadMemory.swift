import MatrixIdentifiers

/// What a worker knows of its users' unread events, kept in step with the streams of events and
/// receipts.
struct UnreadMemory: Sendable {
  /// Counts kept: pairs of a user and a room, of about 150 bytes.
  static let countLimit = 200_000

  /// What arrives while a user's counts are being loaded: the queries may not have seen it.
  private enum Late: Sendable {
    case receipt(ReadPosition)
    case departure(RoomID)
  }

  private struct UserEntry: Sendable {
    var rooms: [RoomID: RoomUnread] = [:]
    var lastUse: UInt64 = 0
  }

  private struct LogEntry: Sendable {
    var log = RoomPushLog()
    /// How many users' counts and loads under way need it.
    var uses = 0
  }

  private var users: [UserID: UserEntry] = [:]
  private var logs: [RoomID: LogEntry] = [:]
  private var loading: [UserID: (loads: Int, late: [Late])] = [:]
  private var useCount: UInt64 = 0
  private(set) var count = 0

  /// The user's counts in those of the rooms where they are known.
  mutating func counts(of user: UserID, in rooms: [RoomID]) -> [RoomID: RoomUnread] {
    guard var entry = users.removeValue(forKey: user) else { return [:] }
    useCount += 1
    entry.lastUse = useCount
    var found: [RoomID: RoomUnread] = [:]
    for room in rooms {
      guard let log = logs[room]?.log, var unread = entry.rooms[room] else { continue }
      if log.isComplete(after: unread.upTo) {
        log.advance(&unread, of: user)
        entry.rooms[room] = unread
        found[room] = unread
      } else {
        drop(room, of: &entry)
      }
    }
    users[user] = entry
    return found
  }

  /// Has to be called before the database is asked, and `endLoading` in any case.
  mutating func beginLoading(_ user: UserID, _ rooms: [RoomID]) {
    loading[user, default: (0, [])].loads += 1
    for room in rooms { logs[room, default: LogEntry()].uses += 1 }
  }

  mutating func install(_ loaded: [RoomID: RoomUnread], of user: UserID) {
    var entry = users.removeValue(forKey: user) ?? UserEntry()
    let late = loading[user]?.late ?? []
    for (room, unread) in loaded {
      logs[room]?.log.noteLoaded(upTo: unread.upTo)
      if entry.rooms.updateValue(unread, forKey: room) == nil {
        logs[room]?.uses += 1
        count += 1
      }
    }
    useCount += 1
    entry.lastUse = useCount
    users[user] = entry
    for item in late {
      switch item {
      case .receipt(let position): take(position, of: user)
      case .departure(let room): forget(room, of: user)
      }
    }
    evict(keeping: user)
  }

  mutating func endLoading(_ user: UserID, _ rooms: [RoomID]) {
    if let state = loading[user] {
      loading[user] = state.loads > 1 ? (state.loads - 1, state.late) : nil
    }
    for room in rooms { release(room) }
  }

  /// - Parameter departed: a user who is not in the room any more with this event.
  mutating func apply(_ event: EvaluatedEvent, departed: UserID?) {
    logs[event.room]?.log.append(event)
    guard let departed else { return }
    forget(event.room, of: departed)
    loading[departed]?.late.append(.departure(event.room))
  }

  mutating func apply(_ position: ReadPosition, of user: UserID) {
    loading[user]?.late.append(.receipt(position))
    take(position, of: user)
  }

  private mutating func take(_ position: ReadPosition, of user: UserID) {
    let room = position.room
    guard let log = logs[room]?.log, var unread = users[user]?.rooms[room] else { return }
    guard log.isComplete(after: unread.upTo) else { return forget(room, of: user) }
    log.advance(&unread, of: user)
    if log.read(&unread, of: user, thread: position.thread, upTo: position.streamOrdering) {
      users[user]?.rooms[room] = unread
    } else {
      forget(room, of: user)
    }
  }

  private mutating func forget(_ room: RoomID, of user: UserID) {
    guard var entry = users[user] else { return }
    drop(room, of: &entry)
    users[user] = entry
  }

  private mutating func drop(_ room: RoomID, of entry: inout UserEntry) {
    guard entry.rooms.removeValue(forKey: room) != nil else { return }
    count -= 1
    release(room)
  }

  private mutating func release(_ room: RoomID) {
    logs[room]?.uses -= 1
    if logs[room]?.uses == 0 { logs[room] = nil }
  }

  /// Lets go of the users unused for longest.
  private mutating func evict(keeping kept: UserID) {
    guard count > Self.countLimit else { return }
    for (user, entry) in users.sorted(by: { $0.value.lastUse < $1.value.lastUse })
    where user != kept {
      guard count > Self.countLimit * 4 / 5 else { return }
      users[user] = nil
      count -= entry.rooms.count
      for room in entry.rooms.keys { release(room) }
    }
  }
}
