import Executors
import HTTPServing
import MatrixJSON
import Synchronization

/// Routes that show what arrived.
enum TestRoutes {
  static let everywhere = Set(ServingRole.allCases)

  static func route(
    _ id: String, _ method: HTTPMethod, _ patterns: String..., surface: Surface = .client,
    bodyLimit: Int = Route.defaultBodyLimit, handler: @escaping Route.Handler
  ) -> Route {
    Route(
      id: id, method: method, patterns: patterns, surface: surface, roles: everywhere,
      bodyLimit: bodyLimit, handler: handler)
  }

  struct Odd: Error {}

  struct Convertible: MatrixErrorConvertible {
    var matrixError: MatrixError { .forbidden("Converted") }
  }

  static let all: [Route] = [
    route("versions", .get, "/versions") { _ in .json(["versions": ["v1.1"]]) },
    route("echo", .post, "/echo") { .json(200, $0.body) },
    route("small", .put, "/small", bodyLimit: 10) { .json(200, $0.body) },
    route("object", .post, "/object") { request in
      .json(["name": .string(try request.json().requiredString("name"))])
    },
    route("state", .get, "/rooms/{roomId}/state/{type}/{key}", "/rooms/{roomId}/state/{type}") {
      .json([
        "room": .string($0.path("roomId")), "type": .string($0.path("type")),
        "key": .string($0.path("key")),
      ])
    },
    route("query", .get, "/query") { .json(["value": .string($0.query["value"] ?? "none")]) },
    route("peer", .get, "/peer") { .json(["peer": .string($0.remoteAddress)]) },
    route("limited", .get, "/limited") { _ in throw MatrixError.limitExceeded(retryAfterMs: 1500) },
    route("odd", .get, "/odd") { _ in throw Odd() },
    route("converted", .get, "/converted") { _ in throw Convertible() },
    route("internal", .post, "/internal", surface: .replication) { _ in .empty },
    route("big", .get, "/big") { request in
      let size = Int(try request.query.integer("size", default: 0, range: 0...100_000_000))
      return Response(status: 200, body: [UInt8](repeating: 0x61, count: size))
    },
  ]
}

/// A handler that waits until it is let go or cancelled, and tells which.
final class Gate: Sendable {
  private let waiter = Waiter<String>()
  private let entered = Mutex(0)
  private let outcome = Mutex<String?>(nil)

  var enteredCount: Int { entered.withLock { $0 } }
  var result: String? { outcome.withLock { $0 } }

  func open() {
    waiter.resolve("open")
  }

  /// Fails as it is cancelled.
  func failingRoute(_ path: String) -> Route {
    TestRoutes.route("failing", .get, path) { [self] _ in
      entered.withLock { $0 += 1 }
      _ = await waiter.value(ifCancelled: "cancelled")
      try Task.checkCancellation()
      return .empty
    }
  }

  /// Waits on though it is cancelled.
  func stubbornRoute(_ path: String) -> Route {
    TestRoutes.route("stubborn", .get, path) { [self] _ in
      entered.withLock { $0 += 1 }
      let waiting = Task { [waiter] in await waiter.value(ifCancelled: "cancelled") }
      return .json(["gate": .string(await waiting.value)])
    }
  }

  func route(_ path: String) -> Route {
    TestRoutes.route("gate", .get, path) { [self] _ in
      entered.withLock { $0 += 1 }
      let result = await waiter.value(ifCancelled: "cancelled")
      outcome.withLock { $0 = result }
      return .json(["gate": .string(result)])
    }
  }
}
