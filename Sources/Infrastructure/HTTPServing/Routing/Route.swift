/// The groups of endpoints that listeners offer.
package enum Surface: String, Sendable, Hashable, CaseIterable {
  case client, federation, media, keys, admin, wellKnown, replication, health, metrics

  /// True where browsers of other origins may call.
  // spec: client-server-api#web-browser-clients
  package var allowsOtherOrigins: Bool {
    switch self {
    case .client, .media, .admin, .wellKnown: true
    case .federation, .keys, .replication, .health, .metrics: false
    }
  }
}

/// What a process does in a fleet.
package enum ServingRole: String, Sendable, Hashable, CaseIterable {
  case main, genericWorker, eventPersister, federationSender, pusher, backgroundTasks
}

/// What requests must have in common to be sent to the same worker.
package enum Balancing: String, Sendable, Hashable, CaseIterable {
  case user, room, origin, none
}

/// One endpoint, registered once: the server's table, the proxy's map and the documents come
/// from these.
package struct Route: Sendable {
  package typealias Handler = @Sendable (Request) async throws -> Response

  /// Bytes of a body where a route says nothing else.
  package static let defaultBodyLimit = 1 << 20

  /// The name in metrics and logs.
  package let id: String
  package let method: HTTPMethod
  /// Paths such as `/_matrix/client/v3/rooms/{roomId}/state/{type}/{stateKey}`; a `{name}`
  /// takes a whole segment, also an empty one.
  package let patterns: [String]
  package let surface: Surface
  package let roles: Set<ServingRole>
  package let balancing: Balancing
  package let bodyLimit: Int
  /// How long an answer may be held back until there is news; a proxy must wait that much longer.
  package let longestWait: Duration
  package let handler: Handler

  package init(
    id: String, method: HTTPMethod, patterns: [String], surface: Surface,
    roles: Set<ServingRole>, balancing: Balancing = .none,
    bodyLimit: Int = Route.defaultBodyLimit, longestWait: Duration = .zero,
    handler: @escaping Handler
  ) {
    self.id = id
    self.method = method
    self.patterns = patterns
    self.surface = surface
    self.roles = roles
    self.balancing = balancing
    self.bodyLimit = bodyLimit
    self.longestWait = longestWait
    self.handler = handler
  }
}
