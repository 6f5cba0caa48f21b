import MatrixJSON
package import Telemetry

/// The routes that tell supervisors, proxies and Prometheus how the process does.
package enum HealthRoutes {
  private static let metricsType = "text/plain; version=0.0.4; charset=utf-8"

  /// - Parameter missing: what the process still waits for before it can do its work, such as
  ///   `database`; empty when it is ready.
  package static func health(missing: @escaping @Sendable () -> [String]) -> [Route] {
    [
      Route(
        id: "health", method: .get, patterns: ["/health"], surface: .health,
        roles: Set(ServingRole.allCases)
      ) { _ in .text(200, "OK") },
      Route(
        id: "ready", method: .get, patterns: ["/ready"], surface: .health,
        roles: Set(ServingRole.allCases)
      ) { _ in
        let lacking = missing()
        guard !lacking.isEmpty else { return .json(200, ["ready": true]) }
        return .json(503, ["ready": false, "missing": .array(lacking.map { .string($0) })])
      },
    ]
  }

  package static func metrics(_ registry: PrometheusRegistry) -> Route {
    Route(
      id: "metrics", method: .get, patterns: ["/_synapse/metrics", "/metrics"],
      surface: .metrics, roles: Set(ServingRole.allCases)
    ) { _ in
      Response(status: 200, contentType: metricsType, body: registry.render())
    }
  }
}
