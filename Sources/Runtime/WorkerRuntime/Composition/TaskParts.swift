import Accounts
import AdminAPI
import HTTPServing
import Logging
import ServerConfig
import Streams
import TaskScheduler

/// Scheduled tasks in one process: every process can schedule them, those with the duty run them.
struct TaskParts {
  /// What can be scheduled; complete before the process runs.
  let registry: TaskRegistry
  let scheduler: TaskScheduler
  private let runner: TaskRunner?

  init(_ platform: Platform, _ streams: EventStreams) {
    let config = platform.config
    registry = TaskRegistry()
    scheduler = TaskScheduler(
      database: platform.database, registry: registry, invalidations: streams.invalidations)
    runner =
      config.duties.contains(.backgroundTasks)
      ? TaskRunner(
        name: config.identity.instanceName, limit: config.tasks.maximumConcurrent,
        registry: registry, database: platform.database, invalidations: streams.invalidations,
        logger: Logger(label: "apus.tasks")) : nil
    CleanupTasks.register(platform, in: registry)
  }

  func routes(_ authenticator: Authenticator) -> [Route] {
    taskRoutes(scheduler, authenticator)
  }

  /// Runs until cancelled.
  func run() async {
    await runner?.run()
  }
}
