import Logging
import NIOCore
import Synchronization
import Telemetry

/// Finds what answers a request, runs it and accounts for it. Shared by a listener's connections.
final class Dispatcher: Sendable {
  /// What a request is answered with, decided from its head.
  enum Resolution {
    case handler(route: Int, PathParameters, QueryParameters, path: String)
    case refusal(MatrixError)
    /// A browser asks what it may do.
    case preflight
  }

  private struct SeriesTable {
    var ofRoutes: [RouteSeries?]
    var others: [String: RouteSeries] = [:]
  }

  private static let nanosecondsPerMillisecond = 1_000_000
  /// The status that stands in logs and metrics for a client that went away.
  static let clientGone = 499

  let router: Router
  let limits: ServerLimits
  let trustsForwardedFor: Bool
  private let logger: Logger
  private let accessLogLevel: Logger.Level
  private let registry: PrometheusRegistry
  private let nextID = Atomic<Int>(0)
  private let series: Mutex<SeriesTable>

  init(
    router: Router, configuration: ListenerConfiguration, logger: Logger,
    registry: PrometheusRegistry
  ) {
    self.router = router
    limits = configuration.limits
    trustsForwardedFor = configuration.trustsForwardedFor
    self.logger = logger
    accessLogLevel = configuration.accessLogLevel
    self.registry = registry
    series = Mutex(SeriesTable(ofRoutes: Array(repeating: nil, count: router.routes.count)))
  }

  func resolve(_ head: RequestHead) -> Resolution {
    if head.isBroken { return .refusal(.badRequest("Malformed HTTP request")) }
    if head.method == .options { return .preflight }
    guard let target = RequestTarget(head.uri) else {
      return .refusal(.invalidParam("The path is not valid UTF-8"))
    }
    switch router.find(method: head.method, path: target.path) {
    case .endpoint(let route, let parameters):
      guard let query = QueryParameters(target.query) else {
        return .refusal(.invalidParam("The query is not properly encoded"))
      }
      return .handler(route: route, parameters, query, path: target.path)
    case .wrongMethod(let allowed): return .refusal(.methodNotAllowed(allowed))
    case .unknown: return .refusal(.unrecognized)
    case .malformed: return .refusal(.invalidParam("The path is not properly encoded"))
    }
  }

  func bodyLimit(of resolution: Resolution) -> Int {
    guard case .handler(let route, _, _, _) = resolution else { return Route.defaultBodyLimit }
    return router.routes[route].bodyLimit
  }

  func newID(_ method: HTTPMethod?) -> String {
    let number = nextID.wrappingAdd(1, ordering: .relaxed).newValue
    return "\(method?.rawValue ?? "OTHER")-\(number)"
  }

  func series(of resolution: Resolution, method: HTTPMethod?) -> RouteSeries {
    let verb = method?.rawValue ?? "OTHER"
    return series.withLock { table in
      guard case .handler(let route, _, _, _) = resolution else {
        if let known = table.others[verb] { return known }
        let made = RouteSeries(
          servlet: RouteSeries.unrouted, method: verb, registry: registry)
        table.others[verb] = made
        return made
      }
      if let known = table.ofRoutes[route] { return known }
      let made = RouteSeries(
        servlet: router.routes[route].id,
        method: router.routes[route].method.rawValue, registry: registry)
      table.ofRoutes[route] = made
      return made
    }
  }

  /// The answer to whatever a handler throws.
  func answer(to error: any Error, _ exchange: Exchange) -> Response {
    switch error {
    case let error as MatrixError: return Response(error)
    case let error as any MatrixErrorConvertible: return Response(error.matrixError)
    case is CancellationError: return Response(.unavailable())
    default:
      logger.error(
        "request failed",
        metadata: [
          "request": .string(exchange.id), "servlet": .string(exchange.series.servlet),
          "error": .string("\(error)"),
        ])
      return Response(.internalError)
    }
  }

  func finished(_ exchange: Exchange, status: Int) {
    let elapsed = NIODeadline.now() - exchange.startedAt
    exchange.series.end(status: status, seconds: Double(elapsed.nanoseconds) / 1e9)
    logger.log(
      level: accessLogLevel, "answered",
      metadata: [
        "request": .string(exchange.id), "servlet": .string(exchange.series.servlet),
        "status": .stringConvertible(status),
        "ms": .stringConvertible(Int(elapsed.nanoseconds) / Self.nanosecondsPerMillisecond),
      ])
  }

  func note(_ text: StaticString, _ error: any Error) {
    logger.debug("\(text)", metadata: ["error": .string("\(type(of: error))")])
  }
}
