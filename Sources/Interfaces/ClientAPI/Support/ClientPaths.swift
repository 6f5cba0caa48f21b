package import HTTPServing

/// The names under which the client API's versions are found.
package enum ClientPrefix: String, Sendable, CaseIterable {
  case r0, v1, v3, unstable
}

/// One pattern per version that has the endpoint. Older clients still ask for `r0`, which answers
/// wherever `v3` does.
package func clientPaths(
  _ endpoint: String, _ prefixes: [ClientPrefix] = [.v3, .r0]
) -> [String] {
  prefixes.map { "/_matrix/client/\($0.rawValue)\(endpoint)" }
}

extension Set<ServingRole> {
  /// Whoever speaks with clients: the main process, and the workers made for it.
  package static let clientFacing: Set<ServingRole> = [.main, .genericWorker]
}
