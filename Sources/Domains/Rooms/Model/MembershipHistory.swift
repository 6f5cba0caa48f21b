import RoomEvents

/// What one user's membership of a room was at every position.
package struct MembershipHistory: Sendable, Equatable {
  /// Of a user who is in the room, and was at every event in question.
  package static let alwaysJoined = MembershipHistory([
    HistoryVisibility.Change(.min, Membership.join)
  ])

  /// Whatever else there may be, none for one, counts as not being in the room.
  private static let known = [
    Membership.join, Membership.invite, Membership.knock, Membership.ban,
  ]

  private let changes: [HistoryVisibility.Change<String>]

  /// - Parameter changes: in the order of their positions; no member before the first.
  package init(_ changes: [HistoryVisibility.Change<String>]) {
    self.changes = changes
  }

  package func isJoined(at position: Int64) -> Bool {
    membership(at: position) == Membership.join
  }

  /// After what the event at this position changes itself.
  package func membership(at position: Int64) -> String {
    var (low, high) = (0, changes.count)
    while low < high {
      let middle = (low + high) / 2
      if changes[middle].position <= position { low = middle + 1 } else { high = middle }
    }
    guard low > 0, Self.known.contains(changes[low - 1].value) else { return Membership.leave }
    return changes[low - 1].value
  }
}
