import ArgumentParser
import HTTPServing
import MatrixJSON
import WorkerRuntime

/// Lists the server's endpoints.
struct RoutesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "routes", abstract: "List every endpoint and the processes that serve it.")

  @Flag(help: "Print JSON, one object for each endpoint.")
  var json = false

  func run() throws {
    let routes = try RouteTable.routes()
    if json {
      let list = JSON.array(routes.map(Self.describe))
      print(String(decoding: list.bytes, as: UTF8.self))
    } else {
      for route in routes {
        for pattern in route.patterns { print("\(route.method.rawValue) \(pattern)") }
      }
    }
  }

  private static func describe(_ route: Route) -> JSON {
    [
      "id": .string(route.id), "method": .string(route.method.rawValue),
      "patterns": .array(route.patterns.map { .string($0) }),
      "surface": .string(route.surface.rawValue),
      "roles": .array(route.roles.map(\.rawValue).sorted().map { .string($0) }),
      "balancing": .string(route.balancing.rawValue),
    ]
  }
}
