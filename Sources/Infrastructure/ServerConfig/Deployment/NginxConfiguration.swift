/// nginx in front of the workers: upstreams, the map from a request to one of them, and a server.
///
/// The text belongs into the `http` block (`/etc/nginx/conf.d`, `sites-enabled`).
package struct NginxConfiguration: Sendable {
  /// A process that answers clients.
  package struct Upstream: Sendable, Hashable {
    package let name: String
    package let address: InstanceLocation

    package init(name: String, address: InstanceLocation) {
      self.name = name
      self.address = address
    }
  }

  package struct Options: Sendable {
    package var serverName = "_"
    /// The `listen` directives' arguments.
    package var listen = ["80", "[::]:80"]
    package var certificate: String?
    package var certificateKey: String?
    package var maximumBodyBytes: Int64 = 50 * 1024 * 1024
    /// Idle connections that each nginx process keeps to the processes of one upstream.
    package var keptConnections = 64

    package init() {}
  }

  /// Seconds until a silent worker is given up, beside the time that a route may wait for news.
  static let readSeconds: Int64 = 60
  /// Seconds for which a process that failed is left alone.
  static let failSeconds = 2

  let routes: [RouteSummary]
  /// Generic workers; where there are none, main does everything.
  let workers: [Upstream]
  let main: Upstream?
  let options: Options

  package static func render(
    routes: [RouteSummary], workers: [Upstream], main: Upstream?, options: Options = Options()
  ) -> String {
    NginxConfiguration(routes: routes, workers: workers, main: main, options: options).text
  }

  private var text: String {
    let parts = [heading, keyMaps, upstreams, requestMap, server]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  private var heading: String {
    """
    # Made by `apusctl nginx` from the worker files and the server's own table of routes: make it
    # again after changing workers or upgrading, rather than editing it.
    #
    #   apusctl nginx -c /etc/apus/homeserver.yaml -c /etc/apus/conf.d -w /etc/apus/workers \\
    #     --certificate FILE --certificate-key FILE > /etc/nginx/conf.d/apus.conf
    #
    #   sync                 by user: a user's requests find the same worker's memory warm
    #   events into rooms    by room, so that one worker collects a room's senders
    #   federation /send     by the other server's address
    #   all else             in turn
    """
  }

  /// The map's variables. The token's first parts name the user, so all of a user's devices go
  /// to one worker.
  private var keyMaps: String {
    """
    map $http_authorization $apus_token {
        default $http_authorization;
        "" $arg_access_token;
    }
    map $apus_token $apus_user {
        default $apus_token;
        "" $remote_addr;
        "~^(?:[Bb]earer )?(?<apus_token_owner>syt_[^_]+)_" $apus_token_owner;
    }
    """
  }

  /// nginx includes the backends that a request may be sent to.
  private var upstreams: String {
    let pool = workers.isEmpty ? [main].compactMap { $0 } : workers
    var blocks = [
      upstream(Backend.inTurn, pool, hash: nil),
      upstream(Backend.byUser, pool, hash: "$apus_user"),
      upstream(Backend.byRoom, pool, hash: "$\(RoutePattern.roomVariable)"),
      upstream(Backend.byOrigin, pool, hash: "$remote_addr"),
    ]
    if let main { blocks.append(upstream(Backend.main, [main], hash: nil)) }
    return blocks.joined(separator: "\n")
  }

  private func upstream(_ name: String, _ servers: [Upstream], hash: String?) -> String {
    var lines = ["upstream \(name) {", "    zone \(name) 64k;"]
    if let hash { lines.append("    hash \(hash) consistent;") }
    for server in servers {
      lines.append(
        "    server \(address(server)) max_fails=1 fail_timeout=\(Self.failSeconds)s;"
          + "  # \(server.name)")
    }
    lines.append("    keepalive \(options.keptConnections);")
    lines.append("}")
    return lines.joined(separator: "\n")
  }

  private func address(_ server: Upstream) -> String {
    switch server.address {
    case .unix(let path): "unix:\(path)"
    case .tcp(let host, let port, _):
      host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }
}
