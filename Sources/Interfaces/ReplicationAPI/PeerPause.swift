import Executors
import Synchronization

/// The pauses of those who wait for a process that cannot be reached. One of them tries again
/// soon, so that its return is noticed at once; the others, who may be thousands, try when that
/// one has succeeded, or after a while by themselves.
final class PeerPause: Sendable {
  private static let longest = Duration.seconds(1)
  private static let first = Duration.milliseconds(50)
  private static let ceiling = Duration.milliseconds(100)

  private struct State {
    /// Of whoever tries soon; nil while nobody does.
    var backoff: Backoff?
    var isTaken = false
    var waiting: [Waiter<Void>] = []
  }

  private let state = Mutex(State())

  /// Returns when it is time to try again, or the task is cancelled.
  func wait(random: Double) async {
    let soon: Duration? = state.withLock { state in
      guard !state.isTaken else { return nil }
      state.isTaken = true
      var backoff = state.backoff ?? Backoff(first: Self.first, ceiling: Self.ceiling)
      defer { state.backoff = backoff }
      return backoff.delay(random: random)
    }
    if let soon {
      try? await Task.sleep(for: soon)
      state.withLock { $0.isTaken = false }
      // Whoever gives up leaves the place to another one.
      if Task.isCancelled { state.withLock { $0.waiting.first }?.resolve(()) }
    } else {
      let waiter = Waiter<Void>()
      state.withLock { $0.waiting.append(waiter) }
      await waiter.value(within: Self.longest, otherwise: ())
      state.withLock { state in state.waiting.removeAll { $0 === waiter } }
    }
  }

  /// The process has answered.
  func end() {
    let waiting = state.withLock { state in
      state.backoff = nil
      return state.waiting
    }
    for waiter in waiting { waiter.resolve(()) }
  }
}
