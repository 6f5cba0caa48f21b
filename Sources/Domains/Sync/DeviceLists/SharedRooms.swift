import MatrixIdentifiers
import RoomEvents
import Rooms

/// Finds out with whom a user came to share a room, and with whom no longer.
///
/// What happened between two positions is told by the changes between them: who is not among
/// those was where they are now.
struct SharedRooms: Sendable {
  let user: UserID
  private let rooms: UserRooms
  /// Whether users were in rooms before the first change there.
  private var before: [UserID: [RoomID: Bool]] = [:]
  /// Others who came or went where the user is or was.
  private(set) var movers: Set<UserID> = []
  /// The rooms that the user is in now and was not before.
  private(set) var entered: [RoomID] = []
  /// The other way round.
  private(set) var left: [RoomID] = []

  /// - Parameter changes: in order.
  init(of user: UserID, now rooms: UserRooms, changes: [JoinChange]) {
    self.user = user
    self.rooms = rooms
    for change in changes where before[change.userID]?[change.roomID] == nil {
      before[change.userID, default: [:]][change.roomID] = !change.isJoined
    }
    for (room, wasIn) in before[user] ?? [:] {
      switch (wasIn, isIn(room)) {
      case (false, true): entered.append(room)
      case (true, false): left.append(room)
      default: break
      }
    }
    for change in changes where change.userID != user {
      if isIn(change.roomID) || wasIn(change.roomID) { movers.insert(change.userID) }
    }
  }

  /// The rooms that the user was in before and is in now.
  var kept: [RoomID] {
    rooms.memberships.keys.filter { isIn($0) && wasIn($0) }
  }

  /// Whether somebody who is now in `theirs` shares a room with the user.
  func isShared(_ theirs: Set<RoomID>) -> Bool {
    theirs.contains { isIn($0) }
  }

  /// Whether somebody who is now in `theirs` shared a room with the user before.
  func wasShared(_ other: UserID, _ theirs: Set<RoomID>) -> Bool {
    let known = before[other] ?? [:]
    return theirs.contains { known[$0] ?? true && wasIn($0) }
      || known.contains { $0.value && wasIn($0.key) }
  }

  private func isIn(_ room: RoomID) -> Bool {
    rooms.memberships[room]?.membership == Membership.join
  }

  private func wasIn(_ room: RoomID) -> Bool {
    before[user]?[room] ?? isIn(room)
  }
}
