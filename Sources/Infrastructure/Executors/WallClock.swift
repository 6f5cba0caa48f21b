import Glibc
import Synchronization

/// The time of day, passed in wherever a decision depends on it so that tests can set it.
package protocol WallClock: Sendable {
  /// Milliseconds since the Unix epoch.
  func now() -> Int64
}

/// The machine's clock.
package struct SystemClock: WallClock {
  package init() {}

  package func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

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
