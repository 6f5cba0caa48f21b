import RoomEvents
import Rooms

/// Who is in a room, as far as a summary needs it. Kept in step with the state, so that a change
/// costs nothing per member, however many of them are told of it.
struct RoomMembers: Sendable {
  /// Members held, and below how many they are looked for again: a summary needs five beside the
  /// reader.
  private static let capacity = 24
  private static let least = 6

  struct Member: Sendable {
    let user: String
    let position: Int64
  }

  private(set) var joinedCount = 0
  private(set) var invitedCount = 0
  /// Of those joined or invited the first by the positions of their member events.
  private(set) var first: [Member] = []
  /// Whether `first` has all of them.
  private var isWhole = true

  init(_ state: [StateTuple: StoredEvent]) {
    for stored in state.values { count(stored, by: 1) }
    find(in: state)
  }

  /// - Parameter state: with the new event already in its place.
  mutating func replace(
    _ old: StoredEvent?, with new: StoredEvent, in state: [StateTuple: StoredEvent]
  ) {
    guard new.event.type == EventType.member, let user = new.event.stateKey else { return }
    if let old { count(old, by: -1) }
    count(new, by: 1)
    first.removeAll { $0.user == user }
    if new.isPresence, isWhole {
      first.append(Member(user: user, position: new.streamOrdering))
      if first.count > Self.capacity {
        first.removeLast()
        isWhole = false
      }
    }
    if !isWhole, first.count < Self.least { find(in: state) }
  }

  private mutating func find(in state: [StateTuple: StoredEvent]) {
    var all: [Member] = []
    for (key, stored) in state where key.type == EventType.member && stored.isPresence {
      all.append(Member(user: key.stateKey, position: stored.streamOrdering))
    }
    all.sort { $0.position < $1.position }
    first = Array(all.prefix(Self.capacity))
    isWhole = first.count == all.count
  }

  private mutating func count(_ stored: StoredEvent, by step: Int) {
    switch stored.event.membership {
    case Membership.join: joinedCount += step
    case Membership.invite: invitedCount += step
    default: break
    }
  }
}

extension StoredEvent {
  /// Whether it makes somebody a member, or one to be.
  fileprivate var isPresence: Bool {
    event.membership == Membership.join || event.membership == Membership.invite
  }
}
