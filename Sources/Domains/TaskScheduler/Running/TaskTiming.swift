/// The rhythms of a runner. Tests shorten them; the fleet uses the defaults.
package struct TaskTiming: Sendable {
  /// How long a task is a runner's without renewal.
  package let lease: Duration
  package let renewal: Duration
  /// Between two looks for tasks without any reason.
  package let poll: Duration
  /// When the task of an action that recurs is due for the first time.
  package let firstDelay: Duration
  /// How often a runner looks for tasks that get nowhere.
  package let stuckSweep: Duration

  package init(
    lease: Duration = .seconds(5), renewal: Duration = .milliseconds(1500),
    poll: Duration = .seconds(2), firstDelay: Duration = .seconds(60),
    stuckSweep: Duration = .seconds(600)
  ) {
    self.lease = lease
    self.renewal = renewal
    self.poll = poll
    self.firstDelay = firstDelay
    self.stuckSweep = stuckSweep
  }
}
