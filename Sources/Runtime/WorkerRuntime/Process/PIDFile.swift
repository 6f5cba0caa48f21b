import Glibc
import Logging

/// The file that tells others the number of this process (`pid_file`).
enum PIDFile {
  static func write(_ path: String, _ logger: Logger) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      return logger.warning("pid_file cannot be written", metadata: ["path": "\(path)"])
    }
    let text = Array("\(getpid())\n".utf8)
    _ = Glibc.write(descriptor, text, text.count)
    close(descriptor)
  }
}
