extension NginxConfiguration {
  /// For the processes of a fleet: generic workers with a `client` listener, and main's own.
  package static func render(
    routes: [RouteSummary], fleet: Fleet, options: Options = Options()
  ) -> String {
    let workers = fleet.workers.map(\.config).filter { $0.duties.contains(.serveClients) }
    return render(
      routes: routes, workers: workers.compactMap(clientUpstream),
      main: clientUpstream(fleet.main), options: options)
  }

  private static func clientUpstream(_ config: HomeserverConfig) -> Upstream? {
    let name = config.identity.instanceName
    let listener = config.listeners.first { $0.kind == .http && $0.resources.contains(.client) }
    switch listener?.address {
    case nil: return nil
    case .unix(let path, _): return Upstream(name: name, address: .unix(path: path))
    case .tcp(let addresses, let port):
      let host = reachableHost(addresses, of: config)
      return Upstream(name: name, address: .tcp(host: host, port: port, usesTLS: false))
    }
  }

  /// A listener on every address is reached where `instance_map` has the process, or else on
  /// this machine.
  private static func reachableHost(_ addresses: [String], of config: HomeserverConfig) -> String {
    let specific = addresses.first { !["", "*", "::", "0.0.0.0"].contains($0) }
    if let specific { return specific }
    if case .tcp(let host, _, _) = config.fleet.instanceMap[config.identity.instanceName] {
      return host
    }
    return "127.0.0.1"
  }
}
