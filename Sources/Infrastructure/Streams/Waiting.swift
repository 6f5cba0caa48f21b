import Executors
import Synchronization

/// Wakes one task that does something from time to time.
package final class Wakeup: Sendable {
  private enum State {
    case idle
    case raised
    case waiting(Waiter<Void>)
  }

  private let state = Mutex(State.idle)

  package init() {}

  /// Ends the wait, or the next one if nobody waits now.
  package func raise() {
    let waiter: Waiter<Void>? = state.withLock { state in
      defer { state = .raised }
      guard case .waiting(let waiter) = state else { return nil }
      return waiter
    }
    waiter?.resolve(())
  }

  /// Returns when raised, after `limit`, or when the task is cancelled. One task may wait.
  package func wait(atMost limit: Duration) async {
    let waiter = Waiter<Void>()
    let isRaised = state.withLock { state in
      if case .raised = state { return true }
      state = .waiting(waiter)
      return false
    }
    if !isRaised { await waiter.value(within: limit, otherwise: ()) }
    state.withLock { $0 = .idle }
  }
}
