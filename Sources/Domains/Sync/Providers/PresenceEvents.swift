import Ephemera
import MatrixIdentifiers
import Synchronization

/// Presence as /sync tells it, made once for all who get it soon after one another: what wakes
/// one member of a large room wakes all of them.
final class PresenceEvents: Sendable {
  struct Event: Sendable {
    let state: PresenceState
    let bytes: [UInt8]
    fileprivate let value: [UInt8]
    fileprivate let madeAt: Int64
  }

  /// Milliseconds for which an event may tell how long ago its user was active.
  private static let lifetime: Int64 = 1_000
  /// Events kept, about 500 bytes each.
  private static let limit = 20_000

  private let events = Mutex<[UserID: Event]>([:])

  /// - Parameters:
  ///   - value: the user's record in the stream.
  ///   - now: milliseconds since the epoch.
  /// - Returns: nil for what is no record.
  func event(of user: UserID, _ value: [UInt8], at now: Int64) -> Event? {
    let known = events.withLock { $0[user] }
    if let known, known.value == value, (0..<Self.lifetime).contains(now - known.madeAt) {
      return known
    }
    guard let record = PresenceRecord(value) else { return nil }
    let made = Event(
      state: record.state, bytes: record.event(of: user, at: now), value: value, madeAt: now)
    events.withLock { events in
      if events.count >= Self.limit { events = [:] }
      events[user] = made
    }
    return made
  }
}
