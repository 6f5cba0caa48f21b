import CoreMetrics

/// A number that only grows.
package final class PrometheusCounter: CounterHandler, FloatingPointCounterHandler {
  private let total = AtomicDouble()

  init() {}

  package var value: Double { total.value }

  package func increment() {
    total.add(1)
  }

  package func increment(by amount: Int) {
    increment(by: Int64(amount))
  }

  package func increment(by amount: Int64) {
    guard amount > 0 else { return }
    total.add(Double(amount))
  }

  package func increment(by amount: Double) {
    guard amount > 0 else { return }
    total.add(amount)
  }

  package func reset() {
    total.set(0)
  }
}
