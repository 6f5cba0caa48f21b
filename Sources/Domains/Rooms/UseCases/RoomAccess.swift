package import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Which part of a room a user may read.
package struct RoomAccess: Sendable {
  private let memberships: MembershipStore
  private let states: StateStore

  package enum Extent: Sendable, Equatable {
    case everything
    /// Up to and including this position: the user has left.
    case until(Int64)

    package var lastPosition: Int64 {
      switch self {
      case .everything: .max
      case .until(let position): position
      }
    }
  }

  package init(memberships: MembershipStore, states: StateStore) {
    self.memberships = memberships
    self.states = states
  }

  /// - Throws: `RoomError.notInRoom` when the user may read nothing.
  package func extent(for user: UserID, in room: RoomID) async throws -> Extent {
    let row = try await memberships.membership(of: user, in: room)
    if row?.membership == "join" { return .everything }
    if try await isWorldReadable(room) { return .everything }
    // Who never was in the room has nothing to read up to: a ban or a declined invitation
    // leaves no history behind it.
    if let row, row.membership == "leave" || row.membership == "ban",
      try await wasJoined(user, in: room)
    {
      guard !row.isForgotten else { throw RoomError.notInRoom }
      return .until(row.streamOrdering)
    }
    throw RoomError.notInRoom
  }

  private func isWorldReadable(_ room: RoomID) async throws -> Bool {
    let visibility = try await states.current(room, StateTuple(EventType.historyVisibility))
    return visibility?.event.content["history_visibility"]?.string == "world_readable"
  }

  private func wasJoined(_ user: UserID, in room: RoomID) async throws -> Bool {
    try await states.wasEverJoined(user, in: room)
  }
}
