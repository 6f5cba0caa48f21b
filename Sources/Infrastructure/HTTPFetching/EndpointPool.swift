/// Decides which connection a request of one endpoint takes: a value, without sockets.
struct EndpointPool {
  typealias RequestID = Int
  typealias ConnectionID = Int

  enum Action: Equatable {
    case assign(RequestID, ConnectionID)
    case connect
    case close(ConnectionID)
    /// The queue is full.
    case refuse(RequestID)
    case fail(RequestID)
  }

  private let connectionLimit: Int
  private let waitingLimit: Int
  /// The most recently used last, so that spare ones grow old and go.
  private var idle: [(id: ConnectionID, since: Int64)] = []
  private var busy: Set<ConnectionID> = []
  private var connecting = 0
  private var waiting: [RequestID] = []

  init(connectionLimit: Int, waitingLimit: Int) {
    self.connectionLimit = connectionLimit
    self.waitingLimit = waitingLimit
  }

  var isUnused: Bool { idle.isEmpty && busy.isEmpty && connecting == 0 && waiting.isEmpty }
  var hasIdle: Bool { !idle.isEmpty }

  mutating func request(_ id: RequestID) -> [Action] {
    if let free = idle.popLast() {
      busy.insert(free.id)
      return [.assign(id, free.id)]
    }
    guard waiting.count < waitingLimit else { return [.refuse(id)] }
    waiting.append(id)
    return connectIfNeeded()
  }

  mutating func connected(_ id: ConnectionID, at now: Int64) -> [Action] {
    connecting -= 1
    return offer(id, at: now)
  }

  /// The longest waiting request learns of the failure; the others get further attempts.
  mutating func connectFailed() -> [Action] {
    connecting -= 1
    guard !waiting.isEmpty else { return [] }
    return [.fail(waiting.removeFirst())] + connectIfNeeded()
  }

  mutating func released(_ id: ConnectionID, isReusable: Bool, at now: Int64) -> [Action] {
    guard busy.remove(id) != nil else { return [] }
    return isReusable ? offer(id, at: now) : [.close(id)] + connectIfNeeded()
  }

  mutating func closed(_ id: ConnectionID) -> [Action] {
    idle.removeAll { $0.id == id }
    busy.remove(id)
    return connectIfNeeded()
  }

  /// A request that no longer waits.
  mutating func abandoned(_ id: RequestID) {
    waiting.removeAll { $0 == id }
  }

  /// Gives up connections that were idle since before `limit`.
  mutating func expire(before limit: Int64) -> [Action] {
    let old = idle.prefix { $0.since < limit }.map { Action.close($0.id) }
    idle.removeFirst(old.count)
    return old
  }

  private mutating func offer(_ id: ConnectionID, at now: Int64) -> [Action] {
    guard !waiting.isEmpty else {
      idle.append((id, now))
      return []
    }
    busy.insert(id)
    return [.assign(waiting.removeFirst(), id)]
  }

  private mutating func connectIfNeeded() -> [Action] {
    guard connecting < waiting.count, idle.count + busy.count + connecting < connectionLimit
    else { return [] }
    connecting += 1
    return [.connect]
  }
}
