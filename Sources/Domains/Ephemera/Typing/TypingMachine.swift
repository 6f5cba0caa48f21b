import MatrixIdentifiers

/// Who types where, and until when. It does not look at a clock: times are given to it, in
/// milliseconds.
struct TypingMachine: Sendable {
  /// Users who can be typing at once; more are not told of.
  static let limit = 10_000

  private var deadlines: [RoomID: [UserID: Int64]] = [:]
  private var count = 0

  /// - Parameter deadline: nil when the user has stopped.
  /// - Returns: the users who type in the room now; nil when they are the same as before.
  mutating func set(_ user: UserID, in room: RoomID, until deadline: Int64?) -> [UserID]? {
    guard deadline == nil || count < Self.limit || deadlines[room]?[user] != nil else {
      return nil
    }
    let known = deadlines[room]?[user]
    deadlines[room, default: [:]][user] = deadline
    if deadlines[room]?.isEmpty == true { deadlines[room] = nil }
    guard (known == nil) != (deadline == nil) else { return nil }
    count += deadline == nil ? -1 : 1
    return users(in: room)
  }

  /// Ends what is over.
  /// - Returns: the users who still type, for each room that changed.
  mutating func expire(at now: Int64) -> [RoomID: [UserID]] {
    var changed: [RoomID: [UserID]] = [:]
    for (room, users) in deadlines {
      let over = users.filter { $0.value <= now }.map(\.key)
      guard !over.isEmpty else { continue }
      for user in over { deadlines[room]?[user] = nil }
      count -= over.count
      if deadlines[room]?.isEmpty == true { deadlines[room] = nil }
      changed[room] = self.users(in: room)
    }
    return changed
  }

  /// When the next user stops by time.
  var nextDeadline: Int64? {
    deadlines.values.lazy.compactMap { $0.values.min() }.min()
  }

  private func users(in room: RoomID) -> [UserID] {
    (deadlines[room] ?? [:]).keys.sorted { $0.text < $1.text }
  }
}
