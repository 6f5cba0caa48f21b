import Glibc
import Synchronization

/// A server that answers with whatever a test says; each connection runs one script.
final class RawServer: Sendable {
  typealias Script = @Sendable (RawPeer) throws -> Void

  let port: Int
  private let descriptor: Int32
  private let accepted = Mutex(0)

  var connectionCount: Int { accepted.withLock { $0 } }

  /// - Parameter scripts: for the first connection, the second and so on; the last one repeats.
  init(_ scripts: Script...) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 16) == 0
          && getsockname(listener, $0, &size) == 0
      }
    }
    guard listening else { throw RawSocketFailure(description: "listen: \(errno)") }
    port = Int(UInt16(bigEndian: address.sin_port))
    descriptor = listener
    let thread = AcceptThread { [weak self] in
      let peer = accept(listener, nil, nil)
      guard peer >= 0, let self else { return false }
      let number = accepted.withLock { count in
        count += 1
        return count
      }
      let connection = RawPeer(descriptor: peer)
      try? scripts[min(number, scripts.count) - 1](connection)
      connection.close()
      return true
    }
    try thread.start()
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }
}

/// The server's side of a connection.
final class RawPeer {
  private let descriptor: Int32
  private var isClosed = false

  init(descriptor: Int32) {
    self.descriptor = descriptor
    var limit = timeval(tv_sec: RawSocket.patience, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Reads until the end of a request without a body; the text of it.
  @discardableResult
  func readHead() throws -> String {
    var bytes: [UInt8] = []
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      var byte: UInt8 = 0
      guard recv(descriptor, &byte, 1, 0) == 1 else {
        throw RawSocketFailure(description: "closed in a head")
      }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// Waits until the client hangs up.
  func waitForEnd() {
    var byte: UInt8 = 0
    while recv(descriptor, &byte, 1, 0) > 0 {}
  }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    Glibc.close(descriptor)
  }
}

/// A thread that repeats its work until that says no.
private final class AcceptThread: Sendable {
  private let work: @Sendable () -> Bool

  init(_ work: @escaping @Sendable () -> Bool) {
    self.work = work
  }

  func start() throws {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(self).toOpaque()
    let code = pthread_create(
      &thread, nil,
      { box in
        guard let box else { return nil }
        let this = Unmanaged<AcceptThread>.fromOpaque(box).takeRetainedValue()
        while this.work() {}
        return nil
      }, box)
    guard code == 0 else { throw RawSocketFailure(description: "thread: \(code)") }
    pthread_detach(thread)
  }
}
