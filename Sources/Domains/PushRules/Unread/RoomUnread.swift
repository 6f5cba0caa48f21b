package import MatrixIdentifiers

/// Up to where a user has read, as a receipt says.
///
/// spec: client-server-api#receipts
package struct ReadPosition: Sendable, Equatable {
  package let room: RoomID
  /// `main`, or the id of a thread's root; nil for the whole room.
  package let thread: String?
  /// The event's place in the stream.
  package let streamOrdering: Int64

  package init(room: RoomID, thread: String?, streamOrdering: Int64) {
    self.room = room
    self.thread = thread
    self.streamOrdering = streamOrdering
  }
}

/// What a user has not read of one room.
package struct RoomUnread: Sendable, Equatable {
  /// The counts are those of the events up to this place in the stream.
  package internal(set) var upTo: Int64
  /// By thread; `main` is the main timeline. What is not here is zero.
  package internal(set) var counts: [String: PushCount]
  /// Whether what an event means to most members counts for this one.
  var follows: Bool
  private(set) var readUpTo: Int64
  /// Only where it is later than `readUpTo`.
  private(set) var readThreads: [String: Int64]

  init(upTo: Int64 = 0, counts: [String: PushCount] = [:], follows: Bool = true) {
    self.upTo = upTo
    self.counts = counts
    self.follows = follows
    readUpTo = 0
    readThreads = [:]
  }

  func position(in thread: String) -> Int64 {
    max(readUpTo, readThreads[thread] ?? 0)
  }

  /// Takes note of a position; the counts stay as they are.
  /// - Returns: whether it is later than what was known.
  @discardableResult
  mutating func note(_ thread: String?, _ ordering: Int64) -> Bool {
    guard let thread else {
      guard ordering > readUpTo else { return false }
      readUpTo = ordering
      readThreads = readThreads.filter { $0.value > ordering }
      return true
    }
    guard ordering > position(in: thread) else { return false }
    readThreads[thread] = ordering
    return true
  }

  mutating func add(_ count: PushCount, to thread: String) {
    guard !count.isZero else { return }
    let sum = (counts[thread] ?? PushCount()) + count
    counts[thread] = sum.isZero ? nil : sum
  }
}
