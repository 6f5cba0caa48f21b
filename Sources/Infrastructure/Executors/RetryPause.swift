import Synchronization

/// The pauses of all who wait for the same thing that is away. One of them tries again soon, so
/// that its return is noticed at once; the others, who may be thousands, try when that one has
/// succeeded, or after a while by themselves.
package final class RetryPause: Sendable {
  private struct State {
    /// Of whoever tries soon; it starts over after a success.
    var backoff: Backoff
    var isTaken = false
    var waiting: [Waiter<Void>] = []
  }

  private let longest: Duration
  private let state: Mutex<State>

  /// - Parameters:
  ///   - soon: the first pause of whoever tries soon; further ones are twice as long.
  ///   - longest: the pauses of the others.
  package init(soon: Duration = .milliseconds(50), longest: Duration = .seconds(1)) {
    self.longest = longest
    state = Mutex(State(backoff: Backoff(first: soon, ceiling: soon * 2)))
  }

  /// Returns when it is time to try again, or the task is cancelled.
  /// - Parameter random: in 0..<1.
  package func wait(random: Double) async {
    let soon: Duration? = state.withLock { state in
      guard !state.isTaken else { return nil }
      state.isTaken = true
      return state.backoff.delay(random: random)
    }
    if let soon {
      await pause(atMost: soon)
      state.withLock { $0.isTaken = false }
      // Whoever gives up leaves the place to another one.
      if Task.isCancelled { state.withLock { $0.waiting.first }?.resolve(()) }
    } else {
      await pause(atMost: longest)
    }
  }

  /// Somebody has succeeded.
  package func end() {
    let waiting = state.withLock { state in
      state.backoff.reset()
      return state.waiting
    }
    for waiter in waiting { waiter.resolve(()) }
  }

  private func pause(atMost limit: Duration) async {
    let waiter = Waiter<Void>()
    state.withLock { $0.waiting.append(waiter) }
    await waiter.value(within: limit, otherwise: ())
    state.withLock { state in state.waiting.removeAll { $0 === waiter } }
  }
}
