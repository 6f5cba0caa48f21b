import HTTPServing
package import ServerConfig

/// The table of routes as those who describe it outside see it.
extension RouteTable {
  /// The endpoints that a proxy lets in.
  package static func summaries() throws -> [RouteSummary] {
    try routes().filter { isForOutside($0.surface) }.map { route in
      RouteSummary(
        method: route.method.rawValue, patterns: route.patterns,
        balancing: balancing(route.balancing), longestWait: route.longestWait,
        servedBy: Set(route.roles.map(role)))
    }
  }

  private static func isForOutside(_ surface: Surface) -> Bool {
    switch surface {
    case .client, .federation, .media, .keys, .admin, .wellKnown: true
    case .replication, .health, .metrics: false
    }
  }

  private static func balancing(_ balancing: Balancing) -> RouteSummary.Balancing {
    switch balancing {
    case .user: .user
    case .room: .room
    case .origin: .origin
    case .none: .none
    }
  }

  private static func role(_ role: ServingRole) -> WorkerRole {
    switch role {
    case .main: .main
    case .genericWorker: .genericWorker
    case .eventPersister: .eventPersister
    case .federationSender: .federationSender
    case .pusher: .pusher
    case .backgroundTasks: .backgroundTasks
    }
  }
}
