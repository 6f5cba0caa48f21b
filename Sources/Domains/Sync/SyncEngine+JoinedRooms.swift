package import MatrixIdentifiers
import Rooms
import Streams

extension SyncEngine {
  /// How often a user is loaded whom much that happens meanwhile, or others, push out of memory.
  private static let loadTries = 3

  /// The rooms that the user is in: from memory, which costs no query once the user is known here.
  /// Memory is as new as the stream; while that is not heard as it happens, the database is asked.
  package func joinedRooms(of user: UserID) async throws -> [RoomID] {
    if reader.isHearing {
      for _ in 0..<Self.loadTries {
        try await loader.loadUser(user)
        if let known = memory.withState({ $0.users[user]?.joined }) { return known }
      }
    }
    return try await loader.memberships.rooms(of: user).map(\.roomID)
  }
}
