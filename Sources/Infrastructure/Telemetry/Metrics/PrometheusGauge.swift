import CoreMetrics

/// A number that goes up and down.
package final class PrometheusGauge: MeterHandler, RecorderHandler {
  private let current = AtomicDouble()

  init() {}

  package var value: Double { current.value }

  package func set(_ value: Int) {
    current.set(Double(value))
  }

  package func set(_ value: Int64) {
    current.set(Double(value))
  }

  package func set(_ value: Double) {
    current.set(value)
  }

  package func increment(by amount: Double) {
    current.add(amount)
  }

  package func decrement(by amount: Double) {
    current.add(-amount)
  }

  package func record(_ value: Int64) {
    current.set(Double(value))
  }

  package func record(_ value: Double) {
    current.set(value)
  }
}
