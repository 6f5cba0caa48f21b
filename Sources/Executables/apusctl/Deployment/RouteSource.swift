import HTTPServing
import ServerConfig
import WorkerRuntime

/// The server's own table of routes, as a proxy must know it.
enum RouteSource {
  static func summaries() throws -> [RouteSummary] { summaries(of: try RouteTable.routes()) }

  static func summaries(of routes: [Route]) -> [RouteSummary] {
    routes.filter { isForOutside($0.surface) }.map { route in
      RouteSummary(
        method: route.method.rawValue, patterns: route.patterns,
        balancing: balancing(route.balancing), servedBy: Set(route.roles.map(role)))
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
