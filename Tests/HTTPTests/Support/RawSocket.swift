import Glibc

struct RawSocketFailure: Error, CustomStringConvertible {
  let description: String
}

/// An answer as it came over the wire.
struct RawResponse: Equatable {
  var status: Int
  var headers: [String: String]
  var body: String
}

/// A client that sends any bytes; every call blocks for at most `patience`.
final class RawSocket {
  static let patience = 10
  private let descriptor: Int32
  private var received: [UInt8] = []

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, size)
      }
    }
    guard code == 0 else { throw RawSocketFailure(description: "connect: \(errno)") }
    var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(
      descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit {
    close()
  }

  private var isClosed = false

  func close() {
    guard !isClosed else { return }
    isClosed = true
    Glibc.close(descriptor)
  }

  /// Ends the connection with a reset.
  func reset() {
    var hard = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  func send(_ text: String) throws {
    try send(Array(text.utf8))
  }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw RawSocketFailure(description: "send: \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  /// Like `send`, for a peer that may have hung up.
  func sendLoosely(_ bytes: [UInt8]) {
    try? send(bytes)
  }

  /// Keeps the kernel from taking in more than a few KiB for us.
  func shrinkReceiveBuffer() {
    var size: Int32 = 2048
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
  }

  /// False at the end of the stream.
  private func fill() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    if count == 0 || (count < 0 && errno == ECONNRESET) { return false }
    guard count > 0 else { throw RawSocketFailure(description: "recv: \(errno)") }
    received += buffer[..<count]
    return true
  }

  func readLine() throws -> String {
    while true {
      if let end = received.firstIndex(of: 10) {
        let line = String(decoding: received[..<end], as: UTF8.self)
        received.removeFirst(end + 1)
        return line.last == "\r" ? String(line.dropLast()) : line
      }
      guard try fill() else { throw RawSocketFailure(description: "closed in a line") }
    }
  }

  /// - Parameter hasBody: false for the answer to HEAD.
  func readResponse(hasBody: Bool = true) throws -> RawResponse {
    let start = try readLine().split(separator: " ", maxSplits: 2)
    guard start.count >= 2, start[0] == "HTTP/1.1", let status = Int(start[1]) else {
      throw RawSocketFailure(description: "no status line: \(start)")
    }
    var headers: [String: String] = [:]
    while true {
      let line = try readLine()
      guard !line.isEmpty else { break }
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw RawSocketFailure(description: "header: \(line)") }
      headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
    }
    let length = hasBody ? Int(headers["content-length"] ?? "0") ?? 0 : 0
    while received.count < length {
      guard try fill() else { throw RawSocketFailure(description: "closed in a body") }
    }
    let body = String(decoding: received[..<length], as: UTF8.self)
    received.removeFirst(length)
    return RawResponse(status: status, headers: headers, body: body)
  }

  /// Everything until the server closes.
  func readToEnd() throws -> String {
    while try fill() {}
    defer { received = [] }
    return String(decoding: received, as: UTF8.self)
  }
}

extension RawSocket {
  /// Sends until the server has hung up.
  func waitForWriteFailure() throws {
    let end = time(nil) + Self.patience
    while time(nil) < end {
      guard (try? send("X")) != nil else { return }
      usleep(20_000)
    }
    throw RawSocketFailure(description: "the server did not hang up")
  }
}
