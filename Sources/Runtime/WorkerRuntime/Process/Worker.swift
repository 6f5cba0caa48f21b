import Executors
import Glibc
import HTTPFetching
import HTTPServing
import Logging
import Postgres
import Rooms
import ServerConfig
import Streams
import Synchronization
import Telemetry

/// One server process: starts what its role needs, runs until told to stop, and stops in order.
final class Worker: Sendable {
  /// How long a worker waits for main to bring the schema up to date.
  private static let schemaPatience = Duration.seconds(60)
  /// How long a process that starts waits for the database.
  private static let databasePatience = Duration.seconds(60)
  /// How long running requests may take to end when the process stops.
  private static let drainTime = Duration.seconds(8)
  /// How long those that were given up then may take to say so to their clients.
  private static let answerTime = Duration.seconds(2)
  /// How long stopping takes at most, in seconds: what comes after the requests is to give back
  /// leases and close connections, which a database that hangs would hold up.
  private static let stopLimit: UInt32 = 25

  private let config: HomeserverConfig
  private let executor: LoopExecutor
  private let shutdown: ShutdownSignal
  private let logger: Logger
  private let servers = Mutex<[HTTPServer]>([])
  private let isReady = Atomic(false)

  /// False until the first request can have been acknowledged: up to then the process may end
  /// anywhere, as it would when killed.
  var hasStarted: Bool { isReady.load(ordering: .relaxed) || shutdown.isGiven }

  init(
    config: HomeserverConfig, executor: LoopExecutor, shutdown: ShutdownSignal, logger: Logger
  ) {
    self.config = config
    self.executor = executor
    self.shutdown = shutdown
    self.logger = logger
  }

  /// - Returns: the exit code.
  func run() async -> Int32 {
    do {
      try await start()
      logger.info("stopped")
      return 0
    } catch {
      logger.critical("cannot run", metadata: ["error": "\(error)"])
      StandardError.write("\(config.identity.instanceName): \(error)\n")
      return 1
    }
  }

  /// Loads renewed certificates from their files.
  func reloadCertificates() {
    for server in servers.withLock({ $0 }) {
      do {
        try server.reloadCertificates()
      } catch {
        logger.error("certificates were not reloaded", metadata: ["error": "\(error)"])
      }
    }
  }

  private func start() async throws {
    let metrics = PrometheusRegistry()
    metrics.bootstrap()
    ProcessMetrics.register(in: metrics)
    let platform = Platform(
      config: config, executor: executor, metrics: metrics, shutdown: shutdown)
    try await platform.database.start(timeout: Self.databasePatience)
    try await DatabaseChecks(platform: platform).run()
    try await prepareSchema(platform.database)
    let streams = try await EventStreams.start(platform)
    FleetMetrics.register(platform, streams.hub)
    let parts = RoleParts(platform, streams)
    let health = HealthRoutes.health { [self] in
      isReady.load(ordering: .relaxed) ? [] : ["start-up"]
    }
    let made = try Listeners.servers(
      config, routes: parts.routes + health + [HealthRoutes.metrics(metrics)],
      executor: executor, metrics: metrics)
    servers.withLock { $0 = made }
    try await serve(made, platform, streams, parts)
  }

  private func prepareSchema(_ database: Database) async throws {
    let migrator = Migrator(
      database: database, migrations: Schema.migrations, program: "Apus \(ApusVersion.text)",
      logger: Logger(label: "apus.schema"))
    if config.duties.contains(.migrate) {
      try await migrator.migrate()
    } else {
      try await migrator.waitUntilCurrent(timeout: Self.schemaPatience)
    }
  }

  private func serve(
    _ servers: [HTTPServer], _ platform: Platform, _ streams: EventStreams, _ parts: RoleParts
  ) async throws {
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { [shutdown] in
        // Without its streams a process is of no use: a successor has taken its place.
        defer { shutdown.give() }
        try await streams.run()
      }
      group.addTask { await parts.run() }
      for server in servers { try await server.start() }
      isReady.store(true, ordering: .relaxed)
      ServiceNotifier.notify(.ready)
      logger.info(
        "ready",
        metadata: [
          "role": "\(config.identity.role.rawValue)", "listeners": "\(servers.count)",
        ])
      await shutdown.wait()
      alarm(Self.stopLimit)
      isReady.store(false, ordering: .relaxed)
      parts.drain()
      await withDiscardingTaskGroup { draining in
        for server in servers {
          draining.addTask {
            await server.drain(within: Self.drainTime, answering: Self.answerTime)
          }
        }
      }
      try await streams.release()
      group.cancelAll()
    }
    await platform.client.shutdown()
    await platform.database.shutdown()
    await platform.blocking.shutdown()
  }
}
