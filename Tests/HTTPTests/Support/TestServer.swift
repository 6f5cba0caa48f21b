import Executors
import Glibc
import HTTPServing
import Logging
import Telemetry
import TestKit

/// A server on a free port of the loopback address, on the loop that the tests share.
struct TestServer: Sendable {
  static let blocking = BlockingPool(threads: 16, queueLimit: 1000)

  let server: HTTPServer
  let port: Int
  let metrics: PrometheusRegistry

  static func start(
    _ routes: [Route] = TestRoutes.all, limits: ServerLimits = ServerLimits(),
    trustsForwardedFor: Bool = false
  ) async throws -> TestServer {
    var configuration = ListenerConfiguration(
      address: .tcp(hosts: ["127.0.0.1"], port: 0), trustsForwardedFor: trustsForwardedFor)
    configuration.limits = limits
    let metrics = PrometheusRegistry()
    let server = HTTPServer(
      configuration: configuration, router: try Router(routes), executor: TestLoop.executor,
      logger: quiet, metrics: metrics)
    try await server.start()
    return TestServer(server: server, port: server.port ?? 0, metrics: metrics)
  }

  static var quiet: Logger {
    Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  }

  /// Serves for the time of `body`.
  static func with(
    _ routes: [Route] = TestRoutes.all, limits: ServerLimits = ServerLimits(),
    trustsForwardedFor: Bool = false, _ body: @Sendable (TestServer) async throws -> Void
  ) async throws {
    let server = try await start(
      routes, limits: limits, trustsForwardedFor: trustsForwardedFor)
    do {
      try await body(server)
    } catch {
      await server.server.drain(within: .zero)
      throw error
    }
    await server.server.drain(within: .zero)
  }

  /// Runs a blocking conversation on a thread of its own.
  func talk<Value: Sendable>(
    _ body: @escaping @Sendable (RawSocket) throws -> Value
  ) async throws -> Value {
    try await Self.blocking.run { [port] in
      let socket = try RawSocket(port: port)
      defer { socket.close() }
      return try body(socket)
    }
  }

  /// One request on a connection of its own.
  func ask(_ request: String, hasBody: Bool = true) async throws -> RawResponse {
    try await talk { socket in
      try socket.send(request)
      return try socket.readResponse(hasBody: hasBody)
    }
  }

  func get(_ target: String, headers: String = "") async throws -> RawResponse {
    try await ask("GET \(target) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
  }

  /// The sum of a family's series.
  func total(_ family: String) -> Double {
    String(decoding: metrics.render(), as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix(family + "{") }
      .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
  }

  /// The number that a metric shows now; nil when it is not shown.
  func metric(_ series: String) -> Double? {
    let text = String(decoding: metrics.render(), as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
    return line.flatMap { Double($0.dropFirst(series.count + 1)) }
  }
}

/// Waits for something that another thread brings about; false after `RawSocket.patience`.
func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
  let end = ContinuousClock.now + .seconds(RawSocket.patience)
  while ContinuousClock.now < end {
    if condition() { return true }
    await Task.yield()
    usleep(1000)
  }
  return condition()
}
