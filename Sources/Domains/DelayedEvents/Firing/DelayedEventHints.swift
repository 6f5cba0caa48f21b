package import Streams

/// Tells the runners of events that are due before they would look by themselves.
package struct DelayedEventHints: Sendable {
  /// Milliseconds: runners look this often, so what is due later needs no word.
  private static let horizon = DelayedEventMachine.Timing().poll * 2

  private let feed: InvalidationFeed

  package init(feed: InvalidationFeed) {
    self.feed = feed
  }

  /// - Parameters:
  ///   - due: milliseconds since the epoch.
  ///   - delay: milliseconds until then.
  func scheduled(due: Int64, delay: Int64) {
    guard delay < Self.horizon else { return }
    feed.announce(.delayedEvents, [String(due)])
  }

  /// Something that is due may be anybody's now.
  func anyDue() {
    feed.announce(.delayedEvents, [String(0)])
  }

  /// - Parameter handler: gets when something is due; nil when anything may be.
  func follow(_ handler: @escaping @Sendable (Int64?) -> Void) {
    feed.onInvalidate(.delayedEvents) { keys in
      guard let keys else { return handler(nil) }
      for key in keys { handler(Int64(key)) }
    }
  }
}
