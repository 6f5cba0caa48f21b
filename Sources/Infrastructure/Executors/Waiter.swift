import NIOCore
import NIOPosix
import Synchronization

/// One task, or one callback, waiting for a value that arrives once, or for a timeout or the
/// task's cancellation, whichever comes first; later outcomes are ignored.
package final class Waiter<Value: Sendable>: Sendable {
  private enum State {
    case idle
    case waiting(CheckedContinuation<Value, Never>)
    case watched(@Sendable (Value) -> Void)
    case done(Value)
  }

  private let state = Mutex(State.idle)

  package init() {}

  /// True when this call was the one that decided the outcome.
  @discardableResult
  package func resolve(_ value: Value) -> Bool {
    let before = state.withLock { state in
      let before = state
      if case .done = before { return before }
      state = .done(value)
      return before
    }
    switch before {
    case .idle: return true
    case .waiting(let continuation):
      continuation.resume(returning: value)
      return true
    case .watched(let watch):
      watch(value)
      return true
    case .done: return false
    }
  }

  /// Calls `watch` with the outcome, now or on the thread that decides it. In place of a task in
  /// `value`, which costs kilobytes where thousands wait long.
  package func whenResolved(_ watch: @escaping @Sendable (Value) -> Void) {
    let ready: Value? = state.withLock { state in
      if case .done(let value) = state { return value }
      state = .watched(watch)
      return nil
    }
    if let ready { watch(ready) }
  }

  /// Waits for the outcome; `ifCancelled` becomes it when the waiting task is cancelled.
  /// At most one task may wait, and only where nothing watches.
  package func value(ifCancelled: Value) async -> Value {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready: Value? = state.withLock { state in
          if case .done(let value) = state { return value }
          state = .waiting(continuation)
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      resolve(ifCancelled)
    }
  }
}

extension Waiter {
  /// Waits for the outcome at most `limit`; `otherwise` becomes it after that, or when the
  /// waiting task is cancelled. The alarm is the loop's own, far cheaper than a sleeping task.
  package func value(within limit: Duration, otherwise: Value) async -> Value {
    let loop =
      MultiThreadedEventLoopGroup.currentEventLoop ?? MultiThreadedEventLoopGroup.singleton.next()
    let alarm = loop.scheduleTask(in: TimeAmount(limit)) { _ = self.resolve(otherwise) }
    defer { alarm.cancel() }
    return await value(ifCancelled: otherwise)
  }
}
