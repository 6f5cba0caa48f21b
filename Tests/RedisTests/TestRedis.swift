import Executors
import Glibc
import Logging
import TestKit

@testable import Redis

/// A Redis server of its own, on a unix socket in a temporary folder.
final class TestRedis: Sendable {
  struct NoFolder: Error {}

  let socket: String
  private let folder: String
  private let options: [String]
  private let pool = BlockingPool(threads: 1, queueLimit: 16)

  static func with<Value: Sendable>(
    options: [String] = [], _ body: @Sendable (TestRedis) async throws -> Value
  ) async throws -> Value {
    let redis = try TestRedis(options)
    let outcome: Result<Value, any Error>
    do {
      try await redis.start()
      outcome = .success(try await TestLoop.run { try await body(redis) })
    } catch {
      outcome = .failure(error)
    }
    await redis.kill()
    try Subprocess.run(["rm", "-rf", redis.folder], log: "/dev/null")
    await redis.pool.shutdown()
    return try outcome.get()
  }

  private init(_ options: [String]) throws {
    var template = Array("/tmp/apus-test-redis-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw NoFolder()
    }
    folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    socket = folder + "/redis.sock"
    self.options = options
  }

  /// Returns when the server accepts connections. It ends with the test process at the latest.
  func start() async throws {
    let server =
      "redis-server --port 0 --unixsocket \(socket) --save '' --appendonly no --dir \(folder) "
      + options.joined(separator: " ")
    let script = """
      \(server) & echo $! > \(folder)/pid
      while kill -0 $! && kill -0 \(getpid()); do sleep 0.2; done
      kill -9 $!
      """
    unlink(socket)
    unlink(folder + "/pid")
    try Subprocess.start(["sh", "-c", script], log: folder + "/log")
    try await eventually { self.isListening() }
  }

  func kill() async {
    signal(SIGKILL)
    try? await eventually { !self.isListening() }
  }

  func pause() {
    signal(SIGSTOP)
  }

  func resume() {
    signal(SIGCONT)
  }

  func configuration(_ change: (inout RedisConfiguration) -> Void = { _ in }) -> RedisConfiguration
  {
    var configuration = RedisConfiguration(endpoint: .unix(path: socket))
    configuration.timing.firstRetry = .milliseconds(20)
    configuration.timing.longestRetry = .milliseconds(100)
    change(&configuration)
    return configuration
  }

  private func signal(_ number: Int32) {
    guard let file = fopen(folder + "/pid", "r") else { return }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 32)
    guard fgets(&text, Int32(text.count), file) != nil else { return }
    let process = pid_t(atoi(text))
    if process > 1 { Glibc.kill(process, number) }
  }

  private func isListening() -> Bool {
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
  }
}

/// Runs what keeps going in the background while `body` runs.
func running<Value: Sendable>(
  _ jobs: [@Sendable () async -> Void], _ body: @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for job in jobs { group.addTask { await job() } }
    let value: Value
    do {
      value = try await body()
    } catch {
      group.cancelAll()
      throw error
    }
    group.cancelAll()
    return value
  }
}

/// A connected client for the time of `body`.
func withClient<Value: Sendable>(
  _ configuration: RedisConfiguration, _ body: @Sendable (RedisClient) async throws -> Value
) async throws -> Value {
  let client = RedisClient(
    configuration: configuration, executor: TestLoop.executor, logger: TestPostgres.logger)
  return try await running([{ await client.run() }]) {
    try await eventually { client.isConnected }
    return try await body(client)
  }
}
