import Metrics

/// How a runner does, under Synapse's name where that means the same.
struct TaskMetrics: Sendable {
  private let running = Gauge(label: "synapse_scheduler_running_tasks")
  private let stuckTasks = Gauge(label: "apus_scheduler_stuck_tasks")
  private let lag = Timer(label: "apus_scheduler_start_lag_seconds")

  func note(running count: Int) {
    running.record(count)
  }

  /// - Parameter late: milliseconds from when the task was due.
  func noteStart(late: Int64) {
    lag.recordMilliseconds(late)
  }

  /// Tasks of all runners.
  func note(stuck count: Int) {
    stuckTasks.record(count)
  }
}
