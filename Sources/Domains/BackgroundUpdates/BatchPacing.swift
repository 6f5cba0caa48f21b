/// How much of the database background updates may take; Synapse's settings and defaults.
package struct UpdatePace: Sendable {
  /// How long a batch should take.
  package let batchDuration: Duration
  /// Between two batches; zero for none.
  package let sleep: Duration
  package let minimumSize: Int
  /// Of the first batch.
  package let defaultSize: Int

  package init(
    batchDuration: Duration = .milliseconds(100), sleep: Duration = .seconds(1),
    minimumSize: Int = 1, defaultSize: Int = 100
  ) {
    self.batchDuration = batchDuration
    self.sleep = sleep
    self.minimumSize = minimumSize
    self.defaultSize = defaultSize
  }
}

/// Decides how big the next batch of an update is and how long to wait before it, by how long the
/// last ones took and how fast the database answers others.
struct BatchPacing: Sendable {
  static let maximumSize = 100_000
  static let longestPause = Duration.seconds(60)
  /// An answer to a query that costs nothing takes no longer in a database that is at ease.
  static let easyLatency = Duration.milliseconds(20)
  /// How much of a strained database's latency the pause is, at the least.
  private static let pausePerLatency = 20
  /// How much the newest batch counts.
  private static let weight = 0.4
  /// A batch is at most so many times as big as the one before: the first ones may have found
  /// nothing to do.
  private static let growth = 2

  private let pace: UpdatePace
  private(set) var size: Int
  /// Items a millisecond.
  private var rate: Double?

  init(_ pace: UpdatePace) {
    self.pace = pace
    size = max(pace.defaultSize, pace.minimumSize)
  }

  /// - Parameter items: 0 when the batch found that there was nothing.
  mutating func note(items: Int, took duration: Duration) {
    guard items > 0 else { return }
    let milliseconds = max(duration / .milliseconds(1), 0.1)
    let measured = Double(items) / milliseconds
    let mean = rate.map { $0 * (1 - Self.weight) + measured * Self.weight } ?? measured
    rate = mean
    let wanted = mean * (pace.batchDuration / .milliseconds(1))
    let bounded = min(Int(min(wanted, Double(Self.maximumSize))), size * Self.growth)
    size = min(max(bounded, pace.minimumSize, 1), Self.maximumSize)
  }

  /// - Parameter latency: of a query that costs the database nothing.
  func pause(latency: Duration) -> Duration {
    guard latency > Self.easyLatency else { return pace.sleep }
    return min(max(pace.sleep, latency * Self.pausePerLatency), Self.longestPause)
  }
}
