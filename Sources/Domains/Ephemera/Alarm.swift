import Executors
import Synchronization

/// Wakes an owner at the next deadline of its machine: one alarm at a time.
final class Alarm: Sendable {
  private let executor: LoopExecutor
  private let clock: any WallClock
  private let scheduled = Mutex<LoopExecutor.Scheduled?>(nil)

  init(executor: LoopExecutor, clock: any WallClock) {
    self.executor = executor
    self.clock = clock
  }

  /// Takes the place of the alarm before.
  /// - Parameter deadline: milliseconds since the epoch, or nil for no alarm. Asked for in turn with
  ///   others who set the alarm, so that the last one to set it knows best.
  func set(for deadline: () -> Int64?, _ ring: @escaping @Sendable () -> Void) {
    scheduled.withLock { scheduled in
      scheduled?.cancel()
      scheduled = deadline().map { deadline in
        executor.schedule(after: .milliseconds(max(1, deadline - clock.now())), ring)
      }
    }
  }
}
