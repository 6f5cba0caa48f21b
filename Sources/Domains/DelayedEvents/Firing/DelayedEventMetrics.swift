import Metrics

/// How delayed events do in this process.
struct DelayedEventMetrics: Sendable {
  private let sentInTime = Counter(
    label: "apus_delayed_events_sent", dimensions: [("reason", "delay")])
  private let sentByHand = Counter(
    label: "apus_delayed_events_sent", dimensions: [("reason", "action")])
  private let failed = Counter(label: "apus_delayed_events_failed")
  private let scheduled = Gauge(label: "apus_delayed_events_scheduled")
  private let lateness = Timer(label: "apus_delayed_events_late_seconds")

  /// - Parameter late: milliseconds from when it was due until it was durable.
  func noteSent(late: Int64) {
    sentInTime.increment()
    lateness.recordMilliseconds(max(0, late))
  }

  func noteSentByHand() {
    sentByHand.increment()
  }

  func noteFailed() {
    failed.increment()
  }

  func note(scheduled count: Int64) {
    scheduled.record(count)
  }
}
