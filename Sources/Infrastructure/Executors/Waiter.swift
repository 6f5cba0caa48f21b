import NIOCore
import NIOPosix
import Synchronization

/// One task waiting for a value that arrives once, or for a timeout or its own cancellation,
/// whichever comes first; later outcomes are ignored.
package final class Waiter<Value: Sendable>: Sendable {
  private enum State {
    case idle
    case waiting(CheckedContinuation<Value, Never>)
    case done(Value)
  }

  private let state = Mutex(State.idle)

  package init() {}

  /// True when this call was the one that decided the outcome.
  @discardableResult
  package func resolve(_ value: Value) -> Bool {
    let resumed: CheckedContinuation<Value, Never>?? = state.withLock { state in
      switch state {
      case .idle:
        state = .done(value)
        return .some(nil)
      case .waiting(let continuation):
        state = .done(value)
        return .some(continuation)
      case .done:
        return nil
      }
    }
    guard let decided = resumed else { return false }
    decided?.resume(returning: value)
    return true
  }

  /// Waits for the outcome; `ifCancelled` becomes it when the waiting task is cancelled.
  /// At most one task may wait.
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
