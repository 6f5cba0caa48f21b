import MatrixJSON
package import RoomEvents

/// Which of a room's events one user may see: a decision over what the room's
/// `m.room.history_visibility` and the user's membership were at every position.
/// spec: client-server-api#room-history-visibility
package struct HistoryVisibility: Sendable, Equatable {
  package enum Setting: String, Sendable {
    case worldReadable = "world_readable"
    case shared, invited, joined

    /// What is absent or not understood counts as `shared`.
    package init(of event: Event?) {
      self =
        event?.content["history_visibility"]?.string.flatMap { Setting(rawValue: $0) }
        ?? .shared
    }

    /// Whether it hides events from those who joined later.
    package var isRestrictive: Bool {
      self == .invited || self == .joined
    }
  }

  /// A value that the event at a position brought, and that holds until the next change.
  package struct Change<Value: Sendable>: Sendable {
    package let position: Int64
    package let value: Value

    package init(_ position: Int64, _ value: Value) {
      self.position = position
      self.value = value
    }
  }

  /// The positions of the events that are seen, in order and without overlap.
  private(set) var spans: [ClosedRange<Int64>] = []
  /// What it was decided by.
  package let memberships: MembershipHistory

  /// - Parameters:
  ///   - settings: of the room, in the order of their positions; `shared` before the first.
  ///   - memberships: of the user, likewise; none before the first.
  package init(settings: [Change<Setting>], memberships: [Change<String>]) {
    self.memberships = MembershipHistory(memberships)
    let lastJoin = memberships.last { $0.value == Membership.join }?.position ?? .min
    var (setting, membership) = (Setting.shared, Membership.leave)
    var (settings, memberships) = (settings[...], memberships[...])
    var start = Int64.min
    while true {
      while let change = settings.first, change.position <= start {
        setting = change.value
        settings.removeFirst()
      }
      while let change = memberships.first, change.position <= start {
        membership = change.value
        memberships.removeFirst()
      }
      let next = min(settings.first?.position ?? .max, memberships.first?.position ?? .max)
      if Self.allows(setting, membership, joinsLater: lastJoin > start) { add(start...next) }
      guard next < .max else { return }
      start = next
    }
  }

  private static func allows(
    _ setting: Setting, _ membership: String, joinsLater: Bool
  ) -> Bool {
    switch setting {
    case .worldReadable: true
    case .shared: membership == Membership.join || joinsLater
    case .invited: membership == Membership.join || membership == Membership.invite
    case .joined: membership == Membership.join
    }
  }

  /// The event that ends a stretch belongs to it as well as to the next one: it is a change of
  /// the visibility or of the user's own membership, which may be seen if either side of it may.
  private mutating func add(_ span: ClosedRange<Int64>) {
    if let last = spans.last, last.upperBound == span.lowerBound {
      spans[spans.count - 1] = last.lowerBound...span.upperBound
    } else {
      spans.append(span)
    }
  }

  /// Whether the user may see the event at this position.
  package func sees(_ position: Int64) -> Bool {
    if spans.count == 1 { return spans[0].contains(position) }
    var (low, high) = (0, spans.count)
    while low < high {
      let middle = (low + high) / 2
      if spans[middle].upperBound < position { low = middle + 1 } else { high = middle }
    }
    return low < spans.count && spans[low].contains(position)
  }

  /// Whether the event at this position is seen, and all that came after it.
  func seesAll(after position: Int64) -> Bool {
    guard let last = spans.last else { return false }
    return last.upperBound == .max && last.lowerBound <= position
  }

  /// Nothing outside these positions is seen; nil when nothing is seen at all.
  package var bounds: ClosedRange<Int64>? {
    guard let first = spans.first, let last = spans.last else { return nil }
    return first.lowerBound...last.upperBound
  }
}

extension HistoryVisibility.Change: Equatable where Value: Equatable {}
