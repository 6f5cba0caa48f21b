import HTTPServing
import ServerConfig
import Testing

@testable import WorkerRuntime

struct RouteTableTests {
  @Test func noTwoRoutesAreTheSame() throws {
    let routes = try RouteTable.routes()
    _ = try Router(routes)
    #expect(Set(routes.map(\.id)).count == routes.count)
  }

  /// The main process owns no endpoint that a generic worker could not serve.
  @Test func genericWorkersServeAllThatClientsAndServersAskFor() throws {
    for route in try RouteTable.routes() {
      switch route.surface {
      case .client, .federation, .media, .keys, .admin, .wellKnown:
        #expect(route.roles.isSuperset(of: [.main, .genericWorker]), "\(route.id)")
      case .replication, .health, .metrics:
        break
      }
    }
  }

  @Test func everyOldEndpointHasItsNewName() throws {
    for route in try RouteTable.routes() where route.surface == .client {
      for pattern in route.patterns where pattern.hasPrefix("/_matrix/client/r0/") {
        let newer = pattern.replacing("/r0/", with: "/v3/", maxReplacements: 1)
        #expect(route.patterns.contains(newer), "\(route.id)")
      }
    }
  }

  @Test func writesOfOneRoomGoToOneWorker() throws {
    let routes = try RouteTable.routes()
    for id in ["send_message", "send_state", "redact_event", "join_room", "invite_user"] {
      let route = try #require(routes.first { $0.id == id })
      #expect(route.balancing == .room, "\(id)")
    }
    let sync = try #require(routes.first { $0.id == "sync" })
    #expect(sync.balancing == .user)
  }

  @Test func proxiesLearnNothingOfInternalRoutes() throws {
    let paths = try RouteTable.summaries().flatMap(\.pathRegexes)
    #expect(!paths.isEmpty)
    #expect(!paths.contains { $0.contains("_apus") || $0.contains("metrics") })
  }
}
