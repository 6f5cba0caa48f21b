/// Where another process of the fleet answers replication requests.
package enum InstanceLocation: Sendable, Hashable {
  case tcp(host: String, port: Int, usesTLS: Bool)
  case unix(path: String)

  static func read(_ section: ConfigSection) -> InstanceLocation? {
    defer { section.reportUnknown() }
    let host = section.string("host")
    let port = section.integer("port", in: 1...65535)
    let path = section.string("path")
    let usesTLS = section.bool("tls") ?? false
    switch (host, port, path) {
    case (let host?, let port?, nil): return .tcp(host: host, port: port, usesTLS: usesTLS)
    case (nil, nil, let path?): return .unix(path: path)
    case (_, _, _?):
      section.problems.error(
        section.name("path"), section.name(host == nil ? "port" : "host"), at: section.location,
        "The instance has both a socket path and a network address.", fix: "keep one of them")
    case (_, _, nil):
      let missing = host == nil ? "host" : "port"
      if !section.has(missing) {
        section.problems.error(
          section.name(missing), at: section.location, "The instance's \(missing) is missing.",
          fix: "give `host` and `port`, or the `path` of its unix socket")
      }
    }
    return nil
  }
}
