package import DelayedEvents
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
  package let accounts: AccountCapabilities
  package let delayedEvents: DelayedEventLimits
  /// `admin_contact`, for `/.well-known/matrix/support`.
  package let adminContact: String?

  package init(
    authenticated: Authenticated, defaultRoomVersion: RoomVersion, publicBaseURL: String?,
    delegatedServer: String?, accounts: AccountCapabilities,
    delayedEvents: DelayedEventLimits, adminContact: String?
  ) {
    self.authenticated = authenticated
    self.defaultRoomVersion = defaultRoomVersion
    self.publicBaseURL = publicBaseURL
    self.delegatedServer = delegatedServer
    self.accounts = accounts
    self.delayedEvents = delayedEvents
    self.adminContact = adminContact
  }
}

package func serverRoutes(_ dependencies: ServerRoutesDependencies) -> [Route] {
  let versions = ServerFacts.versions(dependencies.delayedEvents).bytes
  let capabilities = ServerFacts.capabilities(
    dependencies.defaultRoomVersion, dependencies.accounts, dependencies.delayedEvents
  ).bytes
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
    wellKnown("support", dependencies.adminContact.map(support)),
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

/// - Parameter contact: an address of any kind: `mailto:`, a user id, or a web page.
///
/// spec: client-server-api#getwell-knownmatrixsupport
private func support(_ contact: String) -> JSON {
  if contact.hasPrefix("http://") || contact.hasPrefix("https://") {
    return ["support_page": .string(contact)]
  }
  let mail = "mailto:"
  let address = contact.hasPrefix(mail) ? String(contact.dropFirst(mail.count)) : contact
  let kind = address.hasPrefix("@") ? "matrix_id" : "email_address"
  return ["contacts": [.object(["role": "m.role.admin", kind: .string(address)])]]
}
