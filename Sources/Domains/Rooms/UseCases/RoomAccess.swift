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

  /// Which of the room's events the user may see.
  /// - Throws: `RoomError.notInRoom` when the user may read nothing.
  package func history(for user: UserID, in room: RoomID) async throws -> HistoryVisibility {
    let record = try await states.readingRecord(of: user, in: room)
    guard record.mayRead else { throw RoomError.notInRoom }
    return record.history
  }

  /// How far the user may follow the room's state.
  /// - Throws: `RoomError.notInRoom` when the user may read nothing.
  package func extent(for user: UserID, in room: RoomID) async throws -> Extent {
    let row = try await memberships.membership(of: user, in: room)
    if row?.membership == "join" { return .everything }
    if try await isWorldReadable(room) { return .everything }
    // Not up to the last member event: a later ban, or an invitation that was declined, shows
    // nothing more of the room.
    if let row, row.membership == "leave" || row.membership == "ban", !row.isForgotten,
      let end = try await states.endOfStay(of: user, in: room)
    {
      return .until(end)
    }
    throw RoomError.notInRoom
  }

  private func isWorldReadable(_ room: RoomID) async throws -> Bool {
    let visibility = try await states.current(room, StateTuple(EventType.historyVisibility))
    return visibility?.event.content["history_visibility"]?.string == "world_readable"
  }
}
