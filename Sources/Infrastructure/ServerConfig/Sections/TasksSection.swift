/// Scheduled tasks, and changes of stored data that are made in the background.
package struct TasksSection: Sendable {
  /// Tasks that a process runs at a time.
  package var maximumConcurrent = 5
  package var updates = BackgroundUpdatesSection()

  init(_ top: ConfigSection) {
    top.group("task_scheduler") {
      $0.read("max_concurrent_tasks", into: &maximumConcurrent, in: 1...1000)
    }
    top.group("background_updates") { updates = BackgroundUpdatesSection($0) }
  }
}

/// How much of the database changes of stored data may take: Synapse's keys and defaults.
package struct BackgroundUpdatesSection: Sendable {
  /// How long a batch should take.
  package var batchDuration = Duration.milliseconds(100)
  package var sleeps = true
  package var sleep = Duration.seconds(1)
  package var minimumBatch = 1
  package var defaultBatch = 100

  init() {}

  init(_ section: ConfigSection) {
    section.read("background_update_duration_ms", into: &batchDuration)
    section.read("sleep_enabled", into: &sleeps)
    section.read("sleep_duration_ms", into: &sleep)
    section.read("min_batch_size", into: &minimumBatch, in: 1...100_000)
    section.read("default_batch_size", into: &defaultBatch, in: 1...100_000)
  }
}
