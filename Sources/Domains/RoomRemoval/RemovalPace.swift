/// How much of the machine a removal leaves to others: it works in steps so short that whoever meets
/// one hardly notices, and rests after each. A step that takes longer than usual tells that the
/// database is busy, and is followed by a longer rest.
package enum RemovalPace {
  /// From the begin of a step to that of the next, at the least.
  private static let period = Duration.milliseconds(20)
  /// How many times as long as a step the rest is, at the least.
  private static let restPerStep = 8
  /// A removal goes on however busy the others are.
  private static let longestRest = Duration.milliseconds(500)

  /// - Parameter took: the step that has just ended.
  package static func rest(after took: Duration) -> Duration {
    min(max(period - took, took * restPerStep), longestRest)
  }
}
