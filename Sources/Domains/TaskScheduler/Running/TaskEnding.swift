import MatrixJSON
import Postgres
import Streams

/// What becomes of a task when its function has returned or thrown.
struct TaskEnding: Sendable, Equatable {
  /// Launches without any progress before a task is given up, as one that ends its process would
  /// do so for ever.
  static let launchLimit: Int64 = 20
  /// Characters of an error that are kept.
  static let errorLimit = 2000
  /// Before the first new launch of a task that could not go on.
  private static let firstPause = Duration.seconds(1)
  private static let longestPause = Duration.seconds(60)

  let status: TaskStatus
  /// A JSON object; nil leaves what is stored.
  var result: String?
  var error: String?
  /// Set for what is scheduled again.
  var due: TaskTime?
  /// The launch brought nothing about.
  var isFruitless = false
  /// The next launch is given nothing of what is stored.
  var startsOver: Bool

  /// - Parameter period: of an action that recurs: its task is scheduled again unless it was
  ///   cancelled, whatever else came of it.
  init(_ outcome: TaskOutcome<JSON>, period: Duration?) throws(TaskError) {
    switch outcome {
    case .complete(let progress):
      self.init(.complete, result: try Self.text(progress), period: period)
    case .failed(let reason, let progress):
      self.init(.failed, result: try Self.text(progress), period: period)
      error = Self.storable(reason)
    case .cancelled(let progress):
      self.init(.cancelled, result: try Self.text(progress))
    case .again(let time, let progress):
      self.init(.scheduled, result: try Self.text(progress))
      due = time
    }
  }

  /// Nil when there is nothing to write, as another runner has the task.
  init?(_ error: any Error, of task: ClaimedTask, stop: RunningTask.Stop?, period: Duration?) {
    switch (error, stop) {
    case (TaskError.lost, _), (_, .lost): return nil
    case (TaskError.cancelled, _), (is CancellationError, .cancelled): self.init(.cancelled)
    case (let error, _) where Self.passes(error):
      self.init(.scheduled)
      self.error = Self.storable("\(error)")
      isFruitless = true
      due = .after(Self.pause(after: task.fruitless))
    default:
      self.init(.failed, period: period)
      self.error = Self.storable("\(error)")
    }
  }

  private init(_ status: TaskStatus, result: String? = nil, period: Duration? = nil) {
    self.status = period == nil ? status : .scheduled
    self.result = result
    due = period.map { .after($0) }
    startsOver = period != nil
  }

  static func pause(after launches: Int64) -> Duration {
    let doublings = min(max(launches - 1, 0), 6)
    return min(firstPause * (1 << Int(doublings)), longestPause)
  }

  /// Whether the reason for a failure is likely to go away by itself.
  private static func passes(_ error: any Error) -> Bool {
    switch error {
    case TaskError.interrupted, OwnerError.unavailable: true
    case let error as PostgresError:
      switch error.kind {
      case .unavailable, .overloaded, .serialization, .deadlock, .statementTimeout,
        .commitOutcomeUnknown, .fenced:
        true
      case .uniqueViolation, .other: false
      }
    default: false
    }
  }

  /// The database takes no text with a NUL.
  private static func storable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(text.unicodeScalars.filter { $0.value != 0 }).prefix(errorLimit))
  }

  private static func text(_ progress: JSON?) throws(TaskError) -> String? {
    guard let progress else { return nil }
    return try TaskScheduler.text(progress)
  }
}
