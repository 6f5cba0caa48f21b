import MatrixIdentifiers

/// Users who are to be looked at later, by the second. Setting and moving a time costs the same
/// however many there are.
struct TimerWheel: Sendable {
  /// Later times are cut to this many seconds ahead: the user is looked at too early, and again.
  static let span: Int64 = 512

  private var slots: [[UserID]] = Array(repeating: [], count: Int(span))
  /// The second that each user is really waiting for; other places of the user are stale.
  private var seconds: [UserID: Int64] = [:]
  /// All up to here has been taken.
  private var taken: Int64 = 0

  var count: Int { seconds.count }

  /// - Parameters:
  ///   - deadline: milliseconds; nil when the user need not be looked at.
  ///   - now: milliseconds.
  mutating func set(_ user: UserID, at deadline: Int64?, now: Int64) {
    guard let deadline else {
      seconds[user] = nil
      return
    }
    if seconds.isEmpty { restart(at: now) }
    let second = min(max(deadline / 1000 + 1, taken + 1), taken + Self.span)
    // Who is looked at earlier is then given the later time: no place is taken twice for those
    // whose time moves on with everything that they do.
    if let known = seconds[user], known <= second { return }
    seconds[user] = second
    slots[Int(second % Self.span)].append(user)
  }

  /// The users whose time has come; each must be set again if it is to be looked at again.
  mutating func take(upTo now: Int64) -> [UserID] {
    guard !seconds.isEmpty else { return [] }
    var due: [UserID] = []
    let last = now / 1000
    var second = max(taken + 1, last - Self.span + 1)
    if taken < last { taken = last }
    while second <= last {
      let slot = Int(second % Self.span)
      for user in slots[slot] where seconds[user].map({ $0 <= last }) ?? false {
        seconds[user] = nil
        due.append(user)
      }
      slots[slot] = []
      second += 1
    }
    return due
  }

  /// Milliseconds; nil when nobody waits.
  var next: Int64? {
    guard !seconds.isEmpty else { return nil }
    for second in (taken + 1)...(taken + Self.span)
    where !slots[Int(second % Self.span)].isEmpty {
      return second * 1000
    }
    return nil
  }

  private mutating func restart(at now: Int64) {
    for slot in slots.indices where !slots[slot].isEmpty { slots[slot] = [] }
    taken = now / 1000
  }
}
