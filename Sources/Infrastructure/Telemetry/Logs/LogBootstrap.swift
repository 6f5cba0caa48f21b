import Glibc
package import Logging

/// Sets up the process's loggers; to be called once, before the first logger is made.
/// - Parameters:
///   - instance: the process's name in the fleet, a part of every line.
///   - descriptor: the open file that takes the lines; standard error when nil.
/// - Returns: the threshold, through which the level changes at run time.
@discardableResult
package func bootstrapLogging(
  format: LogFormat, level: Logger.Level, instance: String, descriptor: Int32? = nil
) -> LogLevels {
  let levels = LogLevels(level)
  let sink = LogSink(descriptor: descriptor ?? STDERR_FILENO)
  LoggingSystem.bootstrap { label in
    LineLogHandler(
      label: label, instance: instance, format: format, levels: levels, sink: sink)
  }
  return levels
}
