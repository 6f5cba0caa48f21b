package enum TaskError: Error, Sendable, Equatable, CustomStringConvertible {
  /// No action of this name was registered when the process was put together.
  case unknownAction(String)
  /// Parameters or progress take more than `limit` bytes.
  case tooLarge(limit: Int)
  case notFound
  /// Running tasks are not deleted; cancel it first.
  case isRunning
  /// It has come to its end, so there is nothing to cancel.
  case hasEnded(TaskStatus)
  /// What the task's function is told when somebody wants it to end.
  case cancelled
  /// What it is told when another runner has taken the task: it can write nothing more.
  case lost
  /// What it throws when something that it needs is away: the task is launched again after a while,
  /// with the progress that it has stored.
  case interrupted(reason: String)

  package var description: String {
    switch self {
    case .unknownAction(let name): "there is no action \(name)"
    case .tooLarge(let limit): "a task may be given and remember \(limit) bytes at most"
    case .notFound: "there is no such task"
    case .isRunning: "the task is running"
    case .hasEnded(let status): "the task is \(status.rawValue) already"
    case .cancelled: "the task was cancelled"
    case .lost: "another runner has taken the task"
    case .interrupted(let reason): reason
    }
  }
}
