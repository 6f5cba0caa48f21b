import DequeModule
import MatrixIdentifiers

/// Decides when a runner looks for delayed events and in which order it sends those that it has.
/// Pure: what time it is comes with every call.
///
/// Of each room one batch is under way at a time, so that its events come in the order of their
/// times. Nothing is sent before its time, whatever the clock does.
struct DelayedEventMachine: Sendable {
  /// Milliseconds.
  struct Timing: Sendable {
    /// After so long it is looked for events whatever is known of the next one.
    var poll: Int64 = 3_000
    /// How long what is taken is the runner's without renewal. Whatever a runner that was killed
    /// or paused held is late by so much, so it is well under a second. One that is only slow
    /// loses no more than its place: nothing is sent twice or in another order.
    var lease: Int64 = 600
    var renewal: Int64 = 150
    /// When a room that could not be written to, or the database, is tried again.
    var retry: Int64 = 100
    /// When it is looked again for what somebody was about to change.
    var heldBack: Int64 = 50
  }

  /// What time it is, in milliseconds.
  struct Moment: Sendable {
    /// Since the epoch; it may be set back.
    let now: Int64
    /// On a clock that only goes forward.
    let uptime: Int64
  }

  enum Action: Sendable, Equatable {
    case claim(limit: Int)
    /// Events of one room.
    case send([ClaimedDelay])
    /// Leave them to whoever comes first after so many milliseconds.
    case release([ClaimedDelay], rest: Int64)
    /// Until something happens, but so many milliseconds at the most.
    case wait(Int64)
  }

  enum Ending: Sendable, Equatable {
    /// Each of the batch is finished, or not this runner's any more.
    case settled
    /// The room cannot be written to at the moment.
    case unavailable
    /// Somebody else has taken some of the room's events.
    case lost
  }

  /// Rooms with a batch under way.
  static let roomLimit = 64
  /// Events of a batch.
  static let batchLimit = 32
  /// Events that are held.
  static let heldLimit = 1_024
  /// Events that are taken at a time.
  static let claimLimit = 256

  let timing: Timing
  /// In the order of their times; what is under way is not among them.
  private var queues: [RoomID: Deque<ClaimedDelay>] = [:]
  /// Rooms that wait for their turn, each once.
  private var turns: Deque<RoomID> = []
  private var underWay: [RoomID: [ClaimedDelay]] = [:]
  private var held = 0
  /// Rooms that were given up since it was last asked what is due: what comes of them then is
  /// later than what they were given up with.
  private var givenUp: Set<RoomID> = []
  private var unwanted: [ClaimedDelay] = []
  /// When the next event is due, as far as it is known.
  private var nextDue: Int64?
  private var lastLook: Int64?
  /// When it is to be looked again, and until when the database is left alone; on the clock that
  /// only goes forward.
  private var retries: Int64?
  private var quietUntil: Int64?
  private var hasMore = true

  init(timing: Timing = Timing()) {
    self.timing = timing
  }

  var isHolding: Bool { held > 0 }

  /// What it has.
  var own: [ClaimedDelay] {
    Array(queues.values.joined()) + underWay.values.joined()
  }

  // MARK: What happens

  /// Somebody says that an event is due at that time; nil: that anything may be due.
  mutating func hinted(due: Int64?) {
    guard let due else {
      hasMore = true
      return
    }
    nextDue = min(nextDue ?? due, due)
  }

  mutating func claimed(_ claim: ClaimStore.Claim, limit: Int, at moment: Moment) {
    // A hint may have come since it was asked.
    nextDue = [nextDue, claim.nextDue].compactMap { $0 }.min()
    hasMore = hasMore || claim.taken.count >= limit
    if let free = claim.nextFree { lookAgain(after: free, at: moment) }
    if claim.isHeldBack { lookAgain(after: timing.heldBack, at: moment) }
    for delay in claim.taken {
      let room = delay.event.roomID
      guard !givenUp.contains(room) else {
        unwanted.append(delay)
        continue
      }
      held += 1
      if queues[room] == nil, underWay[room] == nil { turns.append(room) }
      queues[room, default: []].append(delay)
    }
  }

  /// The database could not be asked.
  mutating func claimFailed(at moment: Moment) {
    hasMore = true
    quietUntil = moment.uptime + timing.retry
  }

  /// - Returns: what has to be left to others.
  mutating func ended(
    _ batch: [ClaimedDelay], in room: RoomID, _ ending: Ending, at moment: Moment
  ) -> Action? {
    held -= batch.count
    underWay[room] = nil
    guard ending != .settled else {
      if queues[room] != nil { turns.append(room) }
      return nil
    }
    let others = queues.removeValue(forKey: room) ?? []
    givenUp.insert(room)
    held -= others.count
    // Who has taken a part of the room is to have all of it at once.
    let rest = ending == .lost ? 0 : timing.retry
    lookAgain(after: timing.retry, at: moment)
    return .release(batch + others, rest: rest)
  }

  private mutating func lookAgain(after milliseconds: Int64, at moment: Moment) {
    retries = min(retries ?? .max, moment.uptime + milliseconds)
  }

  // MARK: What is to be done

  /// The next thing to do; to be asked again after it, until it is to wait.
  mutating func next(at moment: Moment) -> Action {
    if !unwanted.isEmpty {
      defer { unwanted = [] }
      return .release(unwanted, rest: timing.retry)
    }
    if let action = nextBatch(at: moment) { return action }
    let room = min(Self.claimLimit, Self.heldLimit - held)
    if room > 0, isTimeToLook(at: moment) {
      lastLook = moment.uptime
      (retries, quietUntil, hasMore, givenUp) = (nil, nil, false, [])
      if let due = nextDue, due <= moment.now { nextDue = nil }
      return .claim(limit: room)
    }
    return .wait(pause(at: moment))
  }

  private mutating func nextBatch(at moment: Moment) -> Action? {
    guard underWay.count < Self.roomLimit else { return nil }
    for _ in 0..<turns.count {
      guard let room = turns.popFirst(), var queue = queues[room] else { continue }
      var batch: [ClaimedDelay] = []
      while let delay = queue.first, delay.event.due <= moment.now,
        batch.count < Self.batchLimit
      {
        batch.append(delay)
        queue.removeFirst()
      }
      guard !batch.isEmpty else {
        // The clock was set back after they were taken.
        turns.append(room)
        continue
      }
      queues[room] = queue.isEmpty ? nil : queue
      underWay[room] = batch
      return .send(batch)
    }
    return nil
  }

  private func isTimeToLook(at moment: Moment) -> Bool {
    if let quietUntil, quietUntil > moment.uptime { return false }
    if hasMore { return true }
    if let nextDue, nextDue <= moment.now { return true }
    if let retries, retries <= moment.uptime { return true }
    guard let lastLook else { return true }
    return moment.uptime - lastLook >= timing.poll
  }

  private func pause(at moment: Moment) -> Int64 {
    if let quietUntil { return max(quietUntil - moment.uptime, 1) }
    var pause = timing.poll
    if let lastLook { pause = min(pause, lastLook + timing.poll - moment.uptime) }
    if let retries { pause = min(pause, retries - moment.uptime) }
    if let nextDue, held < Self.heldLimit { pause = min(pause, nextDue - moment.now) }
    return max(pause, 1)
  }
}
