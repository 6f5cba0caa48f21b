import Glibc

/// CPU time of the calling thread, so that other work on the machine does not count.
package enum CPUTime {
  /// Of the fastest of some runs, in nanoseconds.
  package static func best(of runs: Int = 3, _ work: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<runs {
      let start = now()
      try work()
      best = min(best, now() - start)
    }
    return best
  }

  private static func now() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
    return Double(now.tv_sec) * 1e9 + Double(now.tv_nsec)
  }
}
