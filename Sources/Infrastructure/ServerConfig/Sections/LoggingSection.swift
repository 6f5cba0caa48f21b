/// What is logged, and where to. Read from a Python logging configuration (`log_config`, in a
/// worker's file `worker_log_config`), of which the levels and the file handler count.
package struct LoggingSection: Sendable, Hashable {
  package enum Level: String, Sendable, CaseIterable {
    case debug, info, warning, error, critical
  }

  package enum Format: String, Sendable {
    case text
    case json
  }

  package var level = Level.info
  package var format = Format.text
  /// Nil: standard error.
  package var file: String?
  /// The file behind it, read again at SIGHUP.
  package var source: String?

  init(_ top: ConfigSection, isWorker: Bool) {
    let workerPath = top.string("worker_log_config")
    let sharedPath = top.string("log_config")
    let key = isWorker && workerPath != nil ? "worker_log_config" : "log_config"
    guard let path = isWorker ? workerPath ?? sharedPath : sharedPath else { return }
    source = path
    let location = top.location(of: key)
    do throws(LoggingFileError) {
      try read(path)
    } catch {
      top.problems.warning(
        key, at: location,
        "The logging configuration \(path) is not usable: \(error.reason). "
          + "Messages from INFO upwards go to standard error.",
        fix: "correct the file, or remove `\(key)`")
    }
  }

  /// Reads the levels anew, for SIGHUP. Nil when the file has become unusable, which must not
  /// stop a running server.
  package func reloaded() -> LoggingSection? {
    guard let source else { return nil }
    var fresh = self
    do throws(LoggingFileError) {
      try fresh.read(source)
      return fresh
    } catch {
      return nil
    }
  }

  private struct LoggingFileError: Error {
    let reason: String
  }

  private mutating func read(_ path: String) throws(LoggingFileError) {
    let root: YAMLNode
    do {
      root = try YAMLParser.parse(try FileSystem.read(path), file: path)
    } catch let error as FileSystem.Failure {
      throw LoggingFileError(reason: error.reason)
    } catch let error as YAMLError {
      throw LoggingFileError(reason: "line \(error.location.line): \(error.reason)")
    } catch {
      throw LoggingFileError(reason: "not readable")
    }
    guard root.members != nil else { throw LoggingFileError(reason: "not a mapping") }
    if let name = root["root"]?["level"]?.string {
      guard let level = Level(pythonName: name) else {
        throw LoggingFileError(reason: "the level \(name) is not known")
      }
      self.level = level
    }
    let handlers = root["handlers"]?.members?.map(\.value) ?? []
    file = handlers.lazy.compactMap { $0["filename"]?.string }.first
    let formatters = root["formatters"]?.members?.map(\.value) ?? []
    let classes = formatters.compactMap { ($0["class"] ?? $0["()"])?.string }
    format = classes.contains { $0.lowercased().contains("json") } ? .json : .text
  }
}

extension LoggingSection.Level {
  fileprivate init?(pythonName name: String) {
    switch name.uppercased() {
    case "NOTSET", "DEBUG": self = .debug
    case "INFO": self = .info
    case "WARN", "WARNING": self = .warning
    case "ERROR": self = .error
    case "CRITICAL", "FATAL": self = .critical
    default: return nil
    }
  }
}
