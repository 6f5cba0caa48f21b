import Executors
import Synchronization

/// The pauses between attempts to connect. When one attempt succeeds the others need not wait any
/// longer: the server is there again.
final class ReconnectPause: Sendable {
  private let waiting = Mutex<[Waiter<Void>]>([])

  /// Returns after `limit`, when a connection was opened, or when the task is cancelled.
  func wait(atMost limit: Duration) async {
    let waiter = Waiter<Void>()
    waiting.withLock { $0.append(waiter) }
    await waiter.value(within: limit, otherwise: ())
    waiting.withLock { waiting in waiting.removeAll { $0 === waiter } }
  }

  func end() {
    for waiter in waiting.withLock({ $0 }) { waiter.resolve(()) }
  }
}
