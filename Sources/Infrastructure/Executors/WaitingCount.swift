import Synchronization

/// Counts those inside a bounded place and turns away the ones that do not fit.
package final class WaitingCount: Sendable {
  private let limit: Int
  private let inside = Mutex(0)

  package init(limit: Int) {
    self.limit = limit
  }

  /// False when the place is full.
  package func enter() -> Bool {
    inside.withLock { count in
      guard count < limit else { return false }
      count += 1
      return true
    }
  }

  package func leave() {
    inside.withLock { $0 -= 1 }
  }

  package var count: Int {
    inside.withLock { $0 }
  }
}
