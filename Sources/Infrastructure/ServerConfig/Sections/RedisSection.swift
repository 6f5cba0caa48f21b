/// The Redis that carries the fleet's replication. A single process needs none.
package struct RedisSection: Sendable, Hashable {
  package var enabled = false
  package var host = "localhost"
  package var port = 6379
  /// A unix socket, in place of host and port.
  package var path: String?
  package var database = 0
  package var username: String?
  package var password: String?

  init(_ top: ConfigSection) {
    guard let section = top.optionalSection("redis") else { return }
    section.read("enabled", into: &enabled)
    section.read("host", into: &host)
    section.read("port", into: &port, in: 1...65535)
    section.read("path", into: &path)
    section.read("dbid", into: &database)
    section.read("username", into: &username)
    password = section.secret("password")
    section.accept(["certificate_file", "private_key_file", "ca_file", "ca_path"])
    if section.bool("use_tls") == true {
      section.problems.error(
        "redis.use_tls", at: section.location(of: "use_tls"),
        "TLS to Redis is not supported.",
        fix: "use a unix socket (`redis.path`), loopback or a private network")
    }
    section.reportUnknown()
  }
}
