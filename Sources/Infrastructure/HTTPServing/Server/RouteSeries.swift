import Synchronization
import Telemetry

/// The metrics of one endpoint, looked up once.
final class RouteSeries: Sendable {
  /// The name in place of a route's where no route was found.
  static let unrouted = "unrecognized"

  let servlet: String
  private let method: String
  private let registry: PrometheusRegistry
  private let received: PrometheusCounter
  private let inFlight: PrometheusGauge
  private let seconds: PrometheusHistogram
  private let answered = Mutex<[Int: PrometheusCounter]>([:])

  init(servlet: String, method: String, registry: PrometheusRegistry) {
    self.servlet = servlet
    self.method = method
    self.registry = registry
    let labels = [("method", method), ("servlet", servlet)]
    received = registry.counter(
      "synapse_http_server_requests_received", help: "Requests received.", labels: labels)
    inFlight = registry.gauge(
      "synapse_http_server_in_flight_requests_count", help: "Requests being handled.",
      labels: labels)
    seconds = registry.histogram(
      "synapse_http_server_response_time_seconds", help: "Time from request to answer.",
      labels: labels)
  }

  func begin() {
    received.increment()
    inFlight.increment(by: 1)
  }

  func end(status: Int, seconds duration: Double) {
    inFlight.decrement(by: 1)
    seconds.observe(duration)
    counter(for: status).increment()
  }

  private func counter(for status: Int) -> PrometheusCounter {
    answered.withLock { known in
      if let counter = known[status] { return counter }
      let counter = registry.counter(
        "synapse_http_server_responses", help: "Answers sent.",
        labels: [("method", method), ("servlet", servlet), ("code", String(status))])
      known[status] = counter
      return counter
    }
  }
}
