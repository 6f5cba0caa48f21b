/// Looks for the place of a moment in a room's history, several places at a time. Times grow with
/// the places of events, except where a clock went back.
struct TimeSearch: Sendable {
  /// Places looked at in one step.
  static let width: Int64 = 16

  private let time: Int64
  /// All events before this place are earlier than the moment.
  private var low: Int64
  /// The first event that is known not to be, or the end of the history.
  private(set) var found: Int64

  /// - Parameters:
  ///   - time: milliseconds since the epoch.
  ///   - history: the places of the room's first and last event.
  init(_ time: Int64, in history: ClosedRange<Int64>) {
    self.time = time
    low = history.lowerBound
    found = history.upperBound + 1
  }

  /// The places from which on the first event of each is to be told; empty when all is known.
  var places: [Int64] {
    guard low < found else { return [] }
    let step = max(1, (found - low) / Self.width)
    return Array(stride(from: low, to: found, by: Int64.Stride(step)))
  }

  /// - Parameter events: the first events from `places` on, in their order.
  mutating func learn(_ events: [(place: Int64, time: Int64)]) {
    // The first of the places is `low`.
    guard let first = events.first, first.place < found else {
      low = found
      return
    }
    for event in events where event.place >= low && event.place < found {
      if event.time >= time {
        found = event.place
      } else {
        low = event.place + 1
      }
    }
  }
}
