import Executors
import Synchronization

/// A clock that moves only when it is told to.
package final class ManualClock: WallClock {
  private let milliseconds: Mutex<Int64>

  package init(_ start: Int64 = 0) {
    milliseconds = Mutex(start)
  }

  package func now() -> Int64 {
    milliseconds.withLock { $0 }
  }

  /// Moves the time by `step` milliseconds; a negative step imitates a clock that was set back.
  package func advance(by step: Int64) {
    milliseconds.withLock { $0 += step }
  }
}
