import Executors
import HTTPServing
import Logging
import ServerConfig
import Telemetry

/// Makes servers of the configured listeners, each with the routes of its resources.
enum Listeners {
  static func servers(
    _ config: HomeserverConfig, routes: [Route], executor: LoopExecutor,
    metrics: PrometheusRegistry
  ) throws -> [HTTPServer] {
    try config.listeners.map { listener in
      let surfaces = surfaces(of: listener)
      return HTTPServer(
        configuration: configuration(listener, tls: config.tls),
        router: try Router(routes.filter { surfaces.contains($0.surface) }), executor: executor,
        logger: Logger(label: "apus.http"), metrics: metrics)
    }
  }

  /// Health is told by every listener: a supervisor need not know which is which.
  private static func surfaces(of listener: Listener) -> Set<Surface> {
    if listener.kind == .metrics { return [.metrics, .health] }
    var surfaces: Set<Surface> = [.health]
    for resource in listener.resources {
      switch resource {
      case .client: surfaces.formUnion([.client, .admin, .wellKnown, .media])
      case .federation: surfaces.formUnion([.federation, .keys, .wellKnown])
      case .media: surfaces.insert(.media)
      case .replication: surfaces.insert(.replication)
      case .metrics: surfaces.insert(.metrics)
      case .keys: surfaces.insert(.keys)
      case .openid, .health, .static, .consent: break
      }
    }
    return surfaces
  }

  private static func configuration(
    _ listener: Listener, tls: TLSSection?
  ) -> ListenerConfiguration {
    let address: ListenerConfiguration.Address =
      switch listener.address {
      case .tcp(let hosts, let port): .tcp(hosts: hosts, port: port)
      case .unix(let path, let mode): .unix(path: path, mode: mode)
      }
    var files: ListenerConfiguration.TLSFiles?
    if listener.usesTLS, let tls {
      files = ListenerConfiguration.TLSFiles(
        certificatePath: tls.certificatePath, privateKeyPath: tls.privateKeyPath)
    }
    return ListenerConfiguration(
      address: address, tls: files, trustsForwardedFor: listener.trustsForwardedFor)
  }
}
