import Executors
import Glibc
import Redis
import TestKit

@testable import Streams

/// A Redis server of its own, on a unix socket in a temporary folder.
final class TestRedis: Sendable {
  private struct NoFolder: Error {}

  private let folder: String
  private var socket: String { folder + "/redis.sock" }
  private var pidFile: String { folder + "/pid" }

  static func with(_ body: @Sendable (TestRedis) async throws -> Void) async throws {
    let redis = try TestRedis()
    let outcome: Result<Void, any Error>
    do {
      try await redis.start()
      outcome = .success(try await body(redis))
    } catch {
      outcome = .failure(error)
    }
    try await redis.kill()
    try Subprocess.run(["rm", "-rf", redis.folder], log: "/dev/null")
    try outcome.get()
  }

  private init() throws {
    var template = Array("/tmp/apus-test-redis-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw NoFolder() }
    folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// It ends with the test process at the latest.
  func start() async throws {
    unlink(socket)
    let script = """
      redis-server --port 0 --unixsocket \(socket) --save '' --appendonly no --dir \(folder) &
      echo $! > \(pidFile)
      while kill -0 $! && kill -0 \(getpid()); do sleep 0.2; done
      kill -9 $!
      """
    try Subprocess.start(["sh", "-c", script], log: folder + "/log")
    try await eventually { access(self.socket, F_OK) == 0 }
  }

  func kill() async throws {
    guard let process = process() else { return }
    Glibc.kill(process, SIGKILL)
    unlink(pidFile)
    try await eventually { Glibc.kill(process, 0) != 0 }
  }

  func pause() {
    if let process = process() { Glibc.kill(process, SIGSTOP) }
  }

  func resume() {
    if let process = process() { Glibc.kill(process, SIGCONT) }
  }

  func bus(_ serverName: String = "example.org") -> RedisBus {
    var configuration = RedisConfiguration(endpoint: .unix(path: socket))
    configuration.timing.firstRetry = .milliseconds(20)
    configuration.timing.longestRetry = .milliseconds(100)
    configuration.timing.commandTimeout = .milliseconds(300)
    configuration.timing.pingInterval = .milliseconds(100)
    return RedisBus(
      serverName: serverName, configuration: configuration, executor: TestLoop.executor,
      logger: TestPostgres.logger)
  }

  private func process() -> pid_t? {
    guard let file = fopen(pidFile, "r") else { return nil }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 32)
    guard fgets(&text, Int32(text.count), file) != nil else { return nil }
    let process = pid_t(atoi(text))
    return process > 1 ? process : nil
  }
}
