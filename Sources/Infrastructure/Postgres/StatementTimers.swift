import Metrics
import NIOCore
import Synchronization

/// Records how long one statement takes from sending it to its answer.
struct StatementTimer: Sendable {
  fileprivate let timer: Timer

  func record(since start: NIODeadline, now: NIODeadline) {
    timer.recordNanoseconds((now - start).nanoseconds)
  }
}

/// The timers of all statements, each made once.
final class StatementTimers: Sendable {
  private static let label = "synapse_storage_query_time"
  private static let dimension = "statement"

  private let timers = Mutex<[String: StatementTimer]>([:])

  func timer(for statement: String) -> StatementTimer {
    timers.withLock { timers in
      if let known = timers[statement] { return known }
      let timer = Timer(label: Self.label, dimensions: [(Self.dimension, statement)])
      timers[statement] = StatementTimer(timer: timer)
      return StatementTimer(timer: timer)
    }
  }
}
