/// How much of the machine a task leaves to others that works its way through many rows: its steps
/// are so short that whoever meets one hardly notices, and it rests after each. A step that takes
/// longer than usual tells that the database is busy, and is followed by a longer rest.
package enum StepPace {
  /// From the begin of a step to that of the next, at the least.
  private static let period = Duration.milliseconds(20)
  /// How many times as long as a step the rest is, at the least.
  private static let restPerStep = 8
  /// A task goes on however busy the others are.
  private static let longestRest = Duration.milliseconds(500)

  /// - Parameter took: the step that has just ended.
  package static func rest(after took: Duration) -> Duration {
    min(max(period - took, took * restPerStep), longestRest)
  }
}
