import CLinux
import Glibc

/// Tells systemd how the service does.
/// See sd_notify(3) for the protocol: datagrams to the socket named by NOTIFY_SOCKET.
struct ServiceNotifier {
  enum State: String {
    case ready = "READY=1"
    case stopping = "STOPPING=1"
  }

  static func notify(_ state: State) {
    guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), !path.isEmpty else {
      return
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    // A leading @ stands for the NUL of an abstract socket.
    if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let message = Array(state.rawValue.utf8)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
        sendto(descriptor, message, message.count, 0, target, length)
      }
    }
  }
}
