package enum TaskStatus: String, CaseIterable, Sendable {
  case scheduled
  case active
  case complete
  case failed
  case cancelled
}

/// A task as it is shown.
package struct ScheduledTask: Sendable, Equatable {
  package let id: String
  package let action: String
  package let status: TaskStatus
  /// Milliseconds since the epoch: when it is due if it is scheduled, else its last change.
  package let timestamp: Int64
  package let resource: String?
  /// JSON objects.
  package let parameters: String?
  package let result: String?
  package let error: String?
  /// The instance that runs it, or ran it last.
  package let runner: String?
  /// Somebody wants it to end; its function has not heeded that yet.
  package let cancelRequested: Bool
  /// It runs, but has stored no progress for a day.
  package let isStuck: Bool
}

/// Which tasks are asked for; an empty filter stands for all of them.
package struct TaskFilter: Sendable {
  /// Tasks in one answer.
  package static let limit = 1000

  package var actions: [String] = []
  package var resource: String?
  package var statuses: [TaskStatus] = []
  /// Only those with an earlier `timestamp`.
  package var before: Int64?

  package init() {}
}
