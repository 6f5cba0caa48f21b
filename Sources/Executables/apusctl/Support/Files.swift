import Glibc

/// What the command writes. Files are never overwritten unless asked for: they hold keys.
enum Files {
  /// Readable by their owner only.
  static let secretMode: mode_t = 0o600
  static let plainMode: mode_t = 0o644
  private static let folderMode: mode_t = 0o750

  static func write(_ text: String, to path: String, mode: mode_t, replacing: Bool = false) throws {
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (replacing ? O_TRUNC : O_EXCL)
    let descriptor = open(path, flags, mode)
    guard descriptor >= 0 else {
      if errno == EEXIST { throw Failure("\(path) is there already and is left as it is.") }
      throw failure("cannot write", path)
    }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("cannot write", path) }
      rest = rest.dropFirst(count)
    }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Makes the folder and those above it.
  static func makeFolder(_ path: String) throws {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += (prefix.isEmpty || prefix.hasSuffix("/") ? "" : "/") + part
      guard mkdir(prefix, folderMode) != 0, errno != EEXIST else { continue }
      throw failure("cannot make the folder", prefix)
    }
  }

  static func absolute(_ path: String) throws -> String {
    if path.hasPrefix("/") { return path }
    guard let folder = getcwd(nil, 0) else { throw failure("cannot find the folder of", path) }
    defer { free(folder) }
    return String(cString: folder) + "/" + path
  }

  /// Where this program's file is; the server's other programs lie beside it.
  static func programFolder() throws -> String {
    let link = "/proc/self/exe"
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(link, &buffer, buffer.count)
    guard count > 0 else { throw failure("cannot read", link) }
    let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
  }

  private static func failure(_ what: String, _ path: String) -> Failure {
    Failure("\(what) \(path): \(String(cString: strerror(errno)))")
  }
}
