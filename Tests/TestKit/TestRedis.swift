import Glibc

/// A Redis server of its own, on a unix socket in a temporary folder.
package final class TestRedis: Sendable {
  package var socket: String { folder.file("redis.sock") }
  private let folder: TemporaryFolder
  private let options: [String]
  private var pidFile: String { folder.file("pid") }

  /// Gives `body`, which runs on the loop, a running server.
  package static func with<Value: Sendable>(
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
    try await redis.kill()
    return try outcome.get()
  }

  private init(_ options: [String]) throws {
    folder = try TemporaryFolder()
    self.options = options
  }

  /// Returns when the server accepts connections. It ends with the test process at the latest.
  package func start() async throws {
    let server =
      "redis-server --port 0 --unixsocket \(socket) --save '' --appendonly no "
      + "--dir \(folder.path) " + options.joined(separator: " ")
    let script = """
      \(server) & echo $! > \(pidFile)
      while kill -0 $! && kill -0 \(getpid()); do sleep 0.2; done
      kill -9 $!
      """
    unlink(socket)
    try Subprocess.start(["sh", "-c", script], log: folder.file("log"))
    try await eventually { self.isListening }
  }

  package func kill() async throws {
    guard let process else { return }
    Glibc.kill(process, SIGKILL)
    unlink(pidFile)
    try await eventually { !self.isListening }
  }

  package func pause() {
    if let process { Glibc.kill(process, SIGSTOP) }
  }

  package func resume() {
    if let process { Glibc.kill(process, SIGCONT) }
  }

  private var process: pid_t? {
    guard let file = fopen(pidFile, "r") else { return nil }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 32)
    guard fgets(&text, Int32(text.count), file) != nil else { return nil }
    let process = pid_t(atoi(text))
    return process > 1 ? process : nil
  }

  private var isListening: Bool {
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
