import Executors
import Glibc
import HTTPServing
import Logging
import NIOCore
import NIOPosix
package import ServerConfig
import Telemetry

/// The life of a server process, from its configuration to its exit code.
package enum WorkerProcess {
  /// Runs until SIGTERM or SIGINT and does not return.
  package static func run(_ role: WorkerRole, _ options: WorkerOptions) -> Never {
    var signals = SignalSet([SIGTERM, SIGINT, SIGHUP, SIGALRM])
    let config = load(role, options)
    let logging = startLogging(config)
    let logger = Logger(label: "apus")
    DescriptorLimit.raise()?.log(to: logger)
    if let path = config.pidFile { PIDFile.write(path, logger) }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let executor = LoopExecutor(loop: group.next())
    let shutdown = ShutdownSignal()
    let worker = Worker(config: config, executor: executor, shutdown: shutdown, logger: logger)
    Task(executorPreference: executor) { exit(await worker.run()) }
    while true {
      switch signals.next() {
      case SIGALRM:
        logger.critical("it took too long to stop")
        exit(1)
      case SIGHUP:
        reload(logging, config)
        worker.reloadCertificates()
      default:
        // The second one means it: a person at the terminal has lost patience.
        if shutdown.isGiven { exit(1) }
        if !worker.hasStarted {
          logger.info("stopped during start-up")
          exit(0)
        }
        ServiceNotifier.notify(.stopping)
        shutdown.give()
      }
    }
  }

  private static func load(_ role: WorkerRole, _ options: WorkerOptions) -> HomeserverConfig {
    do throws(ConfigFailure) {
      let loaded = try HomeserverConfig.load(paths: options.configPath, for: role)
      if !loaded.warnings.isEmpty { StandardError.write(loaded.warnings.report() + "\n") }
      return loaded.config
    } catch {
      StandardError.write("\(error)\n")
      exit(1)
    }
  }

  private static func startLogging(_ config: HomeserverConfig) -> LogControl {
    let descriptor = config.logging.file.flatMap(openLog)
    if let file = config.logging.file, descriptor == nil {
      StandardError.write(
        "warning: log_config: \(file) cannot be written; logging to standard error\n")
    }
    return bootstrapLogging(
      format: config.logging.format == .json ? .json : .text,
      level: config.logging.level.loggerLevel, instance: config.identity.instanceName,
      descriptor: descriptor)
  }

  /// The level and the file as they are now; the file also when it was moved away by a rotation.
  private static func reload(_ logging: LogControl, _ config: HomeserverConfig) {
    guard let fresh = config.logging.reloaded() else { return }
    logging.levels.current = fresh.level.loggerLevel
    if let descriptor = fresh.file.map(openLog) ?? STDERR_FILENO {
      logging.sink.redirect(to: descriptor)
    }
  }

  private static func openLog(_ path: String) -> Int32? {
    let opened = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
    return opened >= 0 ? opened : nil
  }
}

/// Text for the person who starts the process.
enum StandardError {
  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}

extension LoggingSection.Level {
  var loggerLevel: Logger.Level {
    switch self {
    case .debug: .debug
    case .info: .info
    case .warning: .warning
    case .error: .error
    case .critical: .critical
    }
  }
}
