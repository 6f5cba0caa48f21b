import MatrixIdentifiers
import Rooms
import Synchronization

/// Which rooms users are in who are not the ones that sync: of whoever changes devices, comes or
/// goes. Asked of the database once for all who share a room with them, then in step with the
/// events. It may be ahead of a request's position, never behind it.
final class JoinedRooms: Sendable {
  struct Limits: Sendable {
    /// Rooms of all users, about 100 bytes each.
    var rooms = 200_000
    /// Changes that arrive while users are loaded; past it the load is made again.
    var late = 10_000
  }

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
  private let limits: Limits
  private let state = Mutex(State())

  init(memberships: MembershipStore, limits: Limits = Limits()) {
    self.memberships = memberships
    self.limits = limits
  }

  /// Called before the events' position counts as reached.
  func apply(_ changes: [JoinChange]) {
    guard !changes.isEmpty else { return }
    state.withLock { state in
      for change in changes { state.apply(change) }
      guard state.loads > 0 else { return }
      if state.late.count + changes.count > limits.late {
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
    if state.count > limits.rooms {
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
