import Executors
import Postgres
import Synchronization

/// One launch of a task in this process.
package final class RunningTask: Sendable {
  /// Why a launch is called off.
  enum Stop: Sendable, Equatable {
    case cancelled
    /// Another runner has the task.
    case lost
  }

  let claimed: ClaimedTask
  let database: Database
  private let stop = Mutex<Stop?>(nil)
  private let progress: Mutex<String?>
  /// Resolved when the launch is to be called off, or has ended.
  let stopped = Waiter<Void>()

  init(_ claimed: ClaimedTask, database: Database) {
    self.claimed = claimed
    self.database = database
    progress = Mutex(claimed.result)
  }

  var id: String { claimed.id }
  var token: Int64 { claimed.token }
  var reason: Stop? { stop.withLock { $0 } }
  /// The progress that was stored last, before this launch or in it.
  var stored: String? { progress.withLock { $0 } }

  func note(stored text: String) {
    progress.withLock { $0 = text }
  }

  /// The first reason counts.
  func callOff(_ reason: Stop) {
    stop.withLock { $0 = $0 ?? reason }
    stopped.resolve(())
  }

  /// - Throws: `TaskError.cancelled` or `.lost`.
  func check() throws(TaskError) {
    switch reason {
    case nil: return
    case .cancelled: throw .cancelled
    case .lost: throw .lost
    }
  }
}
