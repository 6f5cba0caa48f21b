import Synchronization
import Telemetry

/// What a process in a test still waits for.
final class Lacking: Sendable {
  private let state = Mutex(["database"])

  var names: [String] {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}

enum MetricsFixture {
  static let registry: PrometheusRegistry = {
    let registry = PrometheusRegistry()
    registry.counter("fixture_total").increment()
    return registry
  }()
}
