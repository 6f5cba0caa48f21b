import Executors

/// Decides when a runner asks for tasks, and for how many. Its times are durations since any
/// fixed moment, of a clock that cannot be set.
///
/// A runner asks when it has room and one of these has come: a task is due, a lease of another
/// runner ends, somebody says that there is something new, or a task has ended and more were
/// waiting than there was room for. Without any of these it asks from time to time, so that a
/// hint that is lost costs seconds at most.
struct TaskRunnerMachine: Sendable {
  enum Action: Sendable, Equatable {
    case claim(room: Int)
    case wait(Duration)
  }

  /// After another runner was claiming.
  private static let busyPause = Duration.milliseconds(4)
  /// Before the database is asked again after a failure.
  private static let firstPause = Duration.milliseconds(50)
  private static let longestPause = Duration.seconds(1)

  /// Tasks that run at a time.
  private let limit: Int
  /// Between two looks without any reason.
  private let poll: Duration
  private var running = 0
  private var claimAt = Duration.zero
  /// More was due than there was room for.
  private var wantsMore = false
  private var isAsking = false
  /// Something has happened since the question under way was asked.
  private var isStale = false
  private var backoff = Backoff(first: firstPause, ceiling: longestPause)

  init(limit: Int, poll: Duration = TaskTiming().poll) {
    self.limit = limit
    self.poll = poll
  }

  var room: Int { max(0, limit - running) }

  /// What to do next; a claim is under way from then until its answer is told.
  mutating func next(at now: Duration) -> Action {
    guard room > 0 else { return .wait(poll) }
    guard claimAt <= now else { return .wait(claimAt - now) }
    isAsking = true
    isStale = false
    return .claim(room: room)
  }

  /// There may be something new.
  mutating func hinted(at now: Duration) {
    claimAt = min(claimAt, now)
    isStale = true
  }

  /// One of this runner's tasks has come to its end.
  mutating func ended(at now: Duration) {
    running -= 1
    if wantsMore || isAsking { hinted(at: now) }
  }

  /// - Parameter room: what was asked for.
  mutating func answered(_ claim: Claim, room: Int, at now: Duration, random: Double) {
    isAsking = false
    backoff.reset()
    guard !claim.isBusy else {
      claimAt = now + Self.busyPause * (1 + random)
      return
    }
    running += claim.tasks.count
    wantsMore = claim.tasks.count >= room || claim.isHeldBack
    let next = claim.next.map { Duration.milliseconds(max(0, $0)) }
    claimAt = isStale ? now : now + min(next ?? poll, poll)
  }

  mutating func failed(at now: Duration, random: Double) {
    isAsking = false
    claimAt = now + backoff.delay(random: random)
  }
}
