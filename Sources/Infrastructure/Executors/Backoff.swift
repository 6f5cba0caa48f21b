/// Growing delays between retries. The caller supplies the randomness.
package struct Backoff: Sendable {
  /// The largest part of a delay that jitter takes away, so that peers do not retry in step.
  private static let jitterShare = 0.25

  private let first: Duration
  private let factor: Double
  private let ceiling: Duration
  private var next: Duration

  package init(first: Duration, factor: Double = 2, ceiling: Duration) {
    self.first = first
    self.factor = factor
    self.ceiling = ceiling
    next = first
  }

  /// The delay before the next try; `random` is in 0..<1.
  package mutating func delay(random: Double) -> Duration {
    let delay = next * (1 - Self.jitterShare * random)
    next = min(next * factor, ceiling)
    return delay
  }

  /// Starts over after a success.
  package mutating func reset() {
    next = first
  }
}
