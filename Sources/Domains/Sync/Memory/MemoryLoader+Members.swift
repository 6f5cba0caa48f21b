import MatrixIdentifiers
import Postgres
import RoomEvents
import Rooms

extension MemoryLoader {
  init(memory: SyncMemory, database: any Querying) {
    self.init(
      memory: memory, snapshots: RoomSnapshotStore(database: database),
      events: EventStore(database: database), memberships: MembershipStore(database: database),
      states: StateStore(database: database), relations: RelationStore(database: database))
  }

  /// Everybody who is in one of the rooms.
  /// - Parameter user: who wants to know.
  func joinedUsers(in rooms: [RoomID], for user: UserID) async throws -> Set<UserID> {
    try await loadViews(rooms, for: user)
    var users: Set<UserID> = []
    for room in rooms { users.formUnion(try await joinedUsers(in: room)) }
    return users
  }

  private func joinedUsers(in room: RoomID) async throws -> Set<UserID> {
    guard let view = memory.withState({ $0.views[room] }) else {
      return Set(try await memberships.members(of: room).map(\.userID))
    }
    var users: Set<UserID> = []
    for (key, stored) in view.state
    where key.type == EventType.member && stored.event.membership == Membership.join {
      if let user = UserID(key.stateKey) { users.insert(user) }
    }
    return users
  }
}
