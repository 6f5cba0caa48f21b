/// The rhythms of a runner. Tests shorten them; the fleet uses the defaults.
package struct TaskTiming: Sendable {
  /// How long a task is a runner's without renewal.
  package let lease: Duration
  package let renewal: Duration
  /// When the task of an action that recurs is due for the first time.
  package let firstDelay: Duration

  package init(
    lease: Duration = .seconds(6), renewal: Duration = .seconds(2),
    firstDelay: Duration = .seconds(60)
  ) {
    self.lease = lease
    self.renewal = renewal
    self.firstDelay = firstDelay
  }
}
