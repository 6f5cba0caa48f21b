import Glibc
package import Logging

/// What of a process's logging may change while it runs.
package struct LogControl: Sendable {
  package let levels: LogLevels
  package let sink: LogSink
}

/// Sets up the process's loggers; to be called once, before the first logger is made.
/// - Parameters:
///   - instance: the process's name in the fleet, a part of every line.
///   - descriptor: the open file that takes the lines; standard error when nil.
@discardableResult
package func bootstrapLogging(
  format: LogFormat, level: Logger.Level, instance: String, descriptor: Int32? = nil
) -> LogControl {
  let control = LogControl(
    levels: LogLevels(level), sink: LogSink(descriptor: descriptor ?? STDERR_FILENO))
  LoggingSystem.bootstrap { label in
    LineLogHandler(
      label: label, instance: instance, format: format, levels: control.levels,
      sink: control.sink)
  }
  return control
}
