package import HTTPServing
import MatrixJSON
package import RoomEvents

/// What the endpoints about the server itself answer with.
package struct ServerRoutesDependencies: Sendable {
  package let authenticated: Authenticated
  package let defaultRoomVersion: RoomVersion
  /// `public_baseurl`, for `/.well-known/matrix/client`.
  package let publicBaseURL: String?
  /// Host and port, for `/.well-known/matrix/server`; nil when this server does not announce one.
  package let delegatedServer: String?

  package init(
    authenticated: Authenticated, defaultRoomVersion: RoomVersion, publicBaseURL: String?,
    delegatedServer: String?
  ) {
    self.authenticated = authenticated
    self.defaultRoomVersion = defaultRoomVersion
    self.publicBaseURL = publicBaseURL
    self.delegatedServer = delegatedServer
  }
}

package func serverRoutes(_ dependencies: ServerRoutesDependencies) -> [Route] {
  let versions = ServerFacts.versions.bytes
  let capabilities = ServerFacts.capabilities(dependencies.defaultRoomVersion).bytes
  return [
    Route(
      id: "versions", method: .get, patterns: ["/_matrix/client/versions"], surface: .client,
      roles: .clientFacing
    ) { _ in .json(200, versions) },
    Route(
      id: "capabilities", method: .get, patterns: clientPaths("/capabilities"), surface: .client,
      roles: .clientFacing,
      handler: dependencies.authenticated(guests: .allowed) { _, _ in .json(200, capabilities) }),
    wellKnown(
      "client", dependencies.publicBaseURL.map { ["m.homeserver": ["base_url": .string($0)]] }),
    wellKnown("server", dependencies.delegatedServer.map { ["m.server": .string($0)] }),
  ]
}

/// - Parameter content: nil answers 404, by which discovery is told that there is nothing.
///
/// spec: client-server-api#well-known-uris
private func wellKnown(_ name: String, _ content: JSON?) -> Route {
  let bytes = content?.bytes
  return Route(
    id: "well_known_\(name)", method: .get, patterns: ["/.well-known/matrix/\(name)"],
    surface: .wellKnown, roles: .clientFacing
  ) { _ in
    guard let bytes else { throw MatrixError.notFound(".well-known not available") }
    return .json(200, bytes)
  }
}
