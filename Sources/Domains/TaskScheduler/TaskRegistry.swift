import MatrixJSON
import Synchronization

/// The actions that a process knows. They are registered while it is put together, before
/// anything is scheduled, in every process that schedules or runs tasks.
package final class TaskRegistry: Sendable {
  package typealias Function<Parameters: TaskPayload, Progress: TaskPayload> =
    @Sendable (TaskRun<Parameters, Progress>) async throws -> TaskOutcome<Progress>

  /// An action with its types forgotten.
  struct Entry: Sendable {
    let name: String
    let limit: Int
    let period: Duration?
    let launch: @Sendable (RunningTask) async throws -> TaskOutcome<JSON>
  }

  private let entries = Mutex<[String: Entry]>([:])

  package init() {}

  package func register<Parameters, Progress>(
    _ action: TaskAction<Parameters, Progress>,
    _ function: @escaping Function<Parameters, Progress>
  ) {
    let entry = Entry(name: action.name, limit: action.limit, period: action.period) { running in
      try await function(TaskRun(running)).untyped
    }
    entries.withLock { $0[action.name] = entry }
  }

  func entry(_ name: String) -> Entry? {
    entries.withLock { $0[name] }
  }

  /// By name, so that all runners ask for them in the same order.
  var all: [Entry] {
    entries.withLock { $0.values.sorted { $0.name < $1.name } }
  }
}

extension TaskOutcome {
  fileprivate var untyped: TaskOutcome<JSON> {
    switch self {
    case .complete(let progress): .complete(progress?.json)
    case .failed(let reason, let progress): .failed(reason, progress?.json)
    case .cancelled(let progress): .cancelled(progress?.json)
    case .again(let time, let progress): .again(time, progress?.json)
    }
  }
}
