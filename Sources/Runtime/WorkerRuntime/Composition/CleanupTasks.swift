import TaskScheduler

/// What the fleet clears away from time to time.
enum CleanupTasks {
  static func register(_ platform: Platform, in registry: TaskRegistry) {
    let finished = RemoveFinishedTasks()
    registry.register(RemoveFinishedTasks.action) { try await finished($0) }
  }
}
