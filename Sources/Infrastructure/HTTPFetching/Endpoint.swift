/// Where requests go.
package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
  case tcp(host: String, port: Int, tls: Bool)
  case unix(path: String)

  package var description: String {
    switch self {
    case .tcp(let host, let port, let tls):
      "\(tls ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }

  /// What stands in the `Host` header unless the request says something else.
  var hostHeader: String {
    switch self {
    case .tcp(let host, let port, _): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .unix: "localhost"
    }
  }
}
