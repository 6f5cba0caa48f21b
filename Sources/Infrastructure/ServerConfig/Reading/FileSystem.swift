import Glibc

/// The few file operations that reading a configuration needs. They block: configuration is
/// read before the event loop starts, or on a thread of its own at a reload.
package enum FileSystem {
  package struct Failure: Error, Sendable, Equatable {
    package let path: String
    package let reason: String
  }

  package enum Kind: Sendable {
    case file
    case folder
    case missing
  }

  package static let maximumFileBytes = 16 * 1024 * 1024

  package static func kind(of path: String) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .missing }
    return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }

  package static func isReadable(_ path: String) -> Bool {
    access(path, R_OK) == 0
  }

  package static func read(
    _ path: String, limit: Int = maximumFileBytes
  ) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= limit else {
        throw Failure(path: path, reason: "larger than \(limit) bytes")
      }
    }
  }

  package static func readText(_ path: String) throws(Failure) -> String {
    guard let text = String(validating: try read(path), as: UTF8.self) else {
      throw Failure(path: path, reason: "not UTF-8 text")
    }
    return text
  }

  /// Names of the folder's entries, sorted by their bytes.
  package static func list(_ path: String) throws(Failure) -> [String] {
    guard let folder = opendir(path) else { throw failure(path) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func failure(_ path: String) -> Failure {
    Failure(path: path, reason: String(cString: strerror(errno)))
  }
}
