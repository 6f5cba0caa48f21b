import MatrixIdentifiers
package import Rooms
package import Streams
import Synchronization

/// Which rooms users are in who are not the ones that sync: of whoever changes devices or presence,
/// comes or goes. Asked of the database once for all who share a room with them, then in step with the
/// events. It may be ahead of a request's position, never behind it.
package final class JoinedRooms: Sendable {
  /// Rooms of all users, about 100 bytes each.
  private static let roomLimit = 400_000
  /// Changes that arrive while users are loaded; past it the load is made again.
  private static let lateLimit = 10_000

  private struct State {
    var rooms: [UserID: Set<RoomID>] = [:]
    var count = 0
    /// What arrives during the loads that are under way, which may not see it yet.
    var late: [JoinChange] = []
    var loads = 0
    /// Counts the times when `late` was cut.
    var cuts = 0

    mutating func apply(_ change: JoinChange) {
      guard var known = rooms[change.userID] else { return }
      count -= known.count
      if change.isJoined { known.insert(change.roomID) } else { known.remove(change.roomID) }
      count += known.count
      rooms[change.userID] = known
    }
  }

  private let memberships: MembershipStore
  private let state = Mutex(State())

  /// Follows `events` from its present position on.
  package init(memberships: MembershipStore, events: StreamReader<StoredEvent>) {
    self.memberships = memberships
    events.onInvalidate { [weak self] batch in
      self?.apply(batch.rows.compactMap { JoinChange($0.row) })
    }
  }

  /// Called before the events' position counts as reached.
  private func apply(_ changes: [JoinChange]) {
    guard !changes.isEmpty else { return }
    state.withLock { state in
      for change in changes { state.apply(change) }
      guard state.loads > 0 else { return }
      if state.late.count + changes.count > Self.lateLimit {
        state.late = []
        state.cuts += 1
      }
      state.late += changes
    }
  }

  /// The rooms of each of the users.
  func rooms(of users: Set<UserID>) async throws -> [UserID: Set<RoomID>] {
    guard !users.isEmpty else { return [:] }
    while true {
      let (known, missing, cuts) = state.withLock { state in
        let known = state.rooms.filter(users)
        let missing = users.filter { known[$0] == nil }
        if !missing.isEmpty { state.loads += 1 }
        return (known, missing, state.cuts)
      }
      guard !missing.isEmpty else { return known }
      defer { endLoading() }
      let loaded = try await memberships.joinedRooms(of: Array(missing))
      let found = state.withLock { state in
        state.cuts == cuts ? install(loaded, of: missing, in: &state) : nil
      }
      if let found { return known.merging(found) { $1 } }
    }
  }

  private func install(
    _ loaded: [UserID: Set<RoomID>], of users: Set<UserID>, in state: inout State
  ) -> [UserID: Set<RoomID>] {
    if state.count > Self.roomLimit {
      state.rooms = [:]
      state.count = 0
    }
    for user in users {
      state.count -= state.rooms[user]?.count ?? 0
      state.rooms[user] = loaded[user] ?? []
      state.count += state.rooms[user]?.count ?? 0
    }
    for change in state.late where users.contains(change.userID) { state.apply(change) }
    return state.rooms.filter(users)
  }

  private func endLoading() {
    state.withLock { state in
      state.loads -= 1
      if state.loads == 0 { state.late = [] }
    }
  }
}

extension [UserID: Set<RoomID>] {
  fileprivate func filter(_ users: Set<UserID>) -> Self {
    var found: Self = [:]
    for user in users { found[user] = self[user] }
    return found
  }
}
