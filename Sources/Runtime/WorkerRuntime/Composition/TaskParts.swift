import Accounts
import AdminAPI
import BackgroundUpdates
import HTTPServing
import Logging
import ServerConfig
import Streams
import TaskScheduler

/// Scheduled tasks in one process: every process can schedule them, those with the duty run them.
struct TaskParts {
  /// Between two tries to note which background updates are needed.
  private static let retryPause = Duration.seconds(1)

  /// What can be scheduled; complete before the process runs.
  let registry: TaskRegistry
  let scheduler: TaskScheduler
  private let updates: BackgroundUpdates
  private let preparesUpdates: Bool
  private let runner: TaskRunner?
  private let logger: Logger

  init(_ platform: Platform, _ streams: EventStreams) {
    let (config, database) = (platform.config, platform.database)
    let logger = Logger(label: "apus.tasks")
    self.logger = logger
    registry = TaskRegistry()
    scheduler = TaskScheduler(
      database: database, registry: registry, invalidations: streams.invalidations)
    updates = BackgroundUpdates(
      NeededUpdates.all, scheduler: scheduler, database: database, logger: logger)
    preparesUpdates = config.duties.contains(.migrate)
    runner =
      config.duties.contains(.backgroundTasks)
      ? TaskRunner(
        name: config.identity.instanceName, limit: config.tasks.maximumConcurrent,
        registry: registry, database: database, invalidations: streams.invalidations,
        logger: logger) : nil
    let work = RunBackgroundUpdates(
      NeededUpdates.all, pace: UpdatePace(config.tasks.updates), database: database,
      logger: logger)
    registry.register(RunBackgroundUpdates.action) { try await work($0) }
    CleanupTasks.register(platform, in: registry)
  }

  func routes(_ authenticator: Authenticator) -> [Route] {
    taskRoutes(scheduler, authenticator) + backgroundUpdateRoutes(updates, authenticator)
  }

  /// Runs until cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      if let runner { group.addTask { await runner.run() } }
      if preparesUpdates { group.addTask { await prepareUpdates() } }
    }
  }

  private func prepareUpdates() async {
    while !Task.isCancelled {
      do {
        return try await updates.prepare()
      } catch {
        logger.warning(
          "cannot note the background updates yet", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: Self.retryPause)
      }
    }
  }
}

extension UpdatePace {
  fileprivate init(_ section: BackgroundUpdatesSection) {
    self.init(
      batchDuration: section.batchDuration, sleep: section.sleeps ? section.sleep : .zero,
      minimumSize: section.minimumBatch, defaultSize: section.defaultBatch)
  }
}
