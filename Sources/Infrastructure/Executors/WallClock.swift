import Glibc

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
