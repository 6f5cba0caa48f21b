/// Scheduled tasks, and changes of stored data that are made in the background.
package struct TasksSection: Sendable {
  /// Tasks that a process runs at a time.
  package var maximumConcurrent = 5

  init(_ top: ConfigSection) {
    top.group("task_scheduler") {
      $0.read("max_concurrent_tasks", into: &maximumConcurrent, in: 1...1000)
    }
  }
}
