import Foundation
import Glibc
import TestKit
import Testing

@testable import ServerConfig

/// A real nginx with a generated configuration. Behind it every worker is a server that answers
/// with its own name.
final class RunningNginx {
  private let folder: TemporaryFolder
  private let process: Process

  init(routes: [RouteSummary], workers: [String]) throws {
    let folder = try TemporaryFolder()
    self.folder = folder
    // nginx's workers run as another user.
    chmod(folder.path, 0o755)
    var options = NginxConfiguration.Options()
    options.listen = ["unix:\(folder.path)/front.sock"]
    let upstreams = workers.map {
      NginxConfiguration.Upstream(name: $0, address: .unix(path: "\(folder.path)/\($0).sock"))
    }
    let servers = workers.map { name in
      "server { listen unix:\(folder.path)/\(name).sock; location / { return 200 '\(name)'; } }"
    }
    let file = try folder.write(
      "nginx.conf",
      nginxFile(
        folder,
        NginxConfiguration.render(routes: routes, workers: upstreams, main: nil, options: options)
          + servers.joined(separator: "\n")))
    process = Process()
    process.executableURL = URL(
      fileURLWithPath: try findTool("nginx", package: "nginx-light"))
    process.arguments = ["-p", folder.path, "-c", file, "-e", folder.path + "/error.log"]
    try process.run()
    try waitUntilItListens()
  }

  func stop() {
    process.terminate()
    process.waitUntilExit()
  }

  private func waitUntilItListens() throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while true {
      do {
        _ = try exchange("GET / HTTP/1.0\r\n\r\n")
        return
      } catch {
        guard process.isRunning, ContinuousClock.now < deadline else { throw error }
        usleep(5000)
      }
    }
  }

  /// The name of the worker that answers.
  func worker(_ method: String, _ path: String, token: String? = nil) throws -> String {
    let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    let response = try exchange(
      "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n"
        + authorization + "\r\n")
    let parts = response.split(separator: "\r\n\r\n", maxSplits: 1)
    #expect(parts.count == 2 && response.hasPrefix("HTTP/1.1 200"), "\(response)")
    return parts.last.map { String($0) } ?? ""
  }

  struct Unreachable: Error {}

  private func exchange(_ request: String) throws -> String {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) {
      $0.copyBytes(from: (folder.path + "/front.sock").utf8)
    }
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else { throw Unreachable() }
    let bytes = Array(request.utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw Unreachable() }
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { break }
      answer += chunk[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }
}

/// A whole nginx.conf around what belongs into the `http` block, with every file in the folder.
func nginxFile(_ folder: TemporaryFolder, _ http: String) -> String {
  let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
  let paths = kinds.map { "\($0)_temp_path \(folder.path)/\($0);" }.joined(separator: "\n")
  return """
    daemon off;
    pid \(folder.path)/nginx.pid;
    events {}
    http {
    access_log off;
    \(paths)
    \(http)
    }
    """
}
