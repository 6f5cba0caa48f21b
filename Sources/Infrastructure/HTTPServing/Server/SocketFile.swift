import Glibc

/// The file of a unix socket.
enum SocketFile {
  /// Removes what an earlier process left; false when a process listens there.
  static func clear(_ path: String) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else { return true }
    guard status.st_mode & S_IFMT == S_IFSOCK, !hasListener(path) else { return false }
    return unlink(path) == 0 || errno == ENOENT
  }

  static func setMode(_ path: String, _ mode: UInt32) -> Bool {
    chmod(path, mode_t(mode)) == 0
  }

  static func remove(_ path: String) {
    unlink(path)
  }

  private static func hasListener(_ path: String) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = path.utf8CString
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { target in
      guard bytes.count <= target.count else { return false }
      bytes.withUnsafeBytes { target.copyMemory(from: $0) }
      return true
    }
    guard fits else { return false }
    let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard probe >= 0 else { return false }
    defer { close(probe) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(probe, $0, size) == 0 }
    }
  }
}
