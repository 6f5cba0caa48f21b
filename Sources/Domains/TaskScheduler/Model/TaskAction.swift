/// A kind of task: its name, and the types of what it is given and of what it remembers.
package struct TaskAction<Parameters: TaskPayload, Progress: TaskPayload>: Sendable {
  package let name: String
  /// How many of its tasks run at a time in the whole fleet.
  package let limit: Int
  /// Nil for what is scheduled when somebody asks for it. With a period there is always one task
  /// of the action, and once it ends it is due again after that time.
  package let period: Duration?

  package init(_ name: String, limit: Int, every period: Duration? = nil) {
    self.name = name
    self.limit = limit
    self.period = period
  }
}

/// When a task is due.
package enum TaskTime: Sendable, Equatable {
  case now
  case after(Duration)
  /// Milliseconds since the epoch, by the database's clock.
  case at(Int64)
}

/// How a task ends, or comes to its next stage. Where no progress is given, that which was stored
/// before stays.
package enum TaskOutcome<Progress: TaskPayload>: Sendable {
  case complete(Progress? = nil)
  case failed(String, Progress? = nil)
  case cancelled(Progress? = nil)
  /// Goes back to being scheduled; the next launch is given the progress.
  case again(TaskTime, Progress? = nil)
}
