import CoreMetrics
import Synchronization

/// Counts of observations by upper bound.
package final class PrometheusHistogram: RecorderHandler, TimerHandler {
  /// Seconds; the bounds that Synapse's dashboards know for request times.
  package static let requestBuckets: [Double] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
  ]

  private static let nanosecondsPerSecond = 1e9

  struct Snapshot: Sendable, Equatable {
    /// One a bound, not yet summed up, and one for what is above the last bound.
    var counts: [UInt64]
    var sum: Double
  }

  let bounds: [Double]
  private let state: Mutex<Snapshot>

  init(bounds: [Double]) {
    let sorted = bounds.sorted()
    self.bounds = sorted
    state = Mutex(Snapshot(counts: Array(repeating: 0, count: sorted.count + 1), sum: 0))
  }

  package func observe(_ value: Double) {
    guard !value.isNaN else { return }
    let index = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock { state in
      state.counts[index] += 1
      state.sum += value
    }
  }

  package var count: UInt64 { snapshot().counts.reduce(0, +) }

  func snapshot() -> Snapshot {
    state.withLock { $0 }
  }

  package func record(_ value: Int64) {
    observe(Double(value))
  }

  package func record(_ value: Double) {
    observe(value)
  }

  package func recordNanoseconds(_ duration: Int64) {
    observe(Double(duration) / Self.nanosecondsPerSecond)
  }
}
