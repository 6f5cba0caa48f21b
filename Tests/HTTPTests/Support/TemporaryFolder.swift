import Glibc
import TestKit

/// A folder that goes with its owner.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/apus-http-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
      throw RawSocketFailure(description: "mkdtemp: \(errno)")
    }
    path = String(cString: made)
  }

  deinit {
    guard let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { unlink("\(path)/\(name)") }
    }
    closedir(folder)
    rmdir(path)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a self-signed certificate of the name for `localhost` and its key.
  func makeCertificate(_ name: String) throws {
    try Subprocess.run(
      [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", "/CN=\(name)",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", file("key.pem"), "-out", file("cert.pem"),
      ], log: file("openssl.log"))
  }
}
