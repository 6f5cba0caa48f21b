import Executors
import Synchronization

/// Tells everything that waits that the process is about to end. It is given once.
package final class ShutdownSignal: Sendable {
  private struct State {
    var given = false
    var nextKey = 0
    var observers: [Int: @Sendable () -> Void] = [:]
  }

  /// Lets an observer go; also when it is dropped.
  package final class Observation: Sendable {
    private let key: Int
    private let signal: ShutdownSignal

    fileprivate init(key: Int, signal: ShutdownSignal) {
      self.key = key
      self.signal = signal
    }

    package func cancel() {
      signal.remove(key)
    }

    deinit {
      signal.remove(key)
    }
  }

  private let state = Mutex(State())

  package init() {}

  package var isGiven: Bool {
    state.withLock { $0.given }
  }

  /// Calls every observer, on the thread of the caller.
  package func give() {
    let observers = state.withLock { state in
      state.given = true
      defer { state.observers = [:] }
      return state.observers.values.map(\.self)
    }
    for observer in observers { observer() }
  }

  /// Calls the observer once, at once when the signal has been given; keep what is returned.
  package func observe(_ observer: @escaping @Sendable () -> Void) -> Observation {
    let key: Int? = state.withLock { state in
      guard !state.given else { return nil }
      state.nextKey += 1
      state.observers[state.nextKey] = observer
      return state.nextKey
    }
    if key == nil { observer() }
    return Observation(key: key ?? 0, signal: self)
  }

  /// Returns when the signal is given or the waiting task is cancelled.
  package func wait() async {
    let waiter = Waiter<Void>()
    let observation = observe { waiter.resolve(()) }
    await waiter.value(ifCancelled: ())
    observation.cancel()
  }

  private func remove(_ key: Int) {
    _ = state.withLock { $0.observers.removeValue(forKey: key) }
  }
}
