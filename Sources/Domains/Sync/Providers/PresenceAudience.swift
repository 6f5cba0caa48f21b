import MatrixIdentifiers
package import Rooms
import Streams
import Synchronization

/// Finds whom a user's presence concerns: those who are in a room with the user.
package final class PresenceAudience: Sendable {
  /// Changes that wait to wake somebody; of more, clients learn with their next request.
  private static let pendingLimit = 50_000
  /// Users of one look-up.
  private static let batchLimit = 500
  /// Between two wake-ups: who sees many others is told of many changes at once.
  private static let pause = Duration.milliseconds(500)

  private let memberships: MembershipStore
  private let joinedRooms: JoinedRooms
  private let pending = Mutex<Set<UserID>>([])
  private let hasPending = Wakeup()

  package init(memberships: MembershipStore, joinedRooms: JoinedRooms) {
    self.memberships = memberships
    self.joinedRooms = joinedRooms
  }

  /// The rooms of each of the users.
  func rooms(of users: Set<UserID>) async throws -> [UserID: Set<RoomID>] {
    var found: [UserID: Set<RoomID>] = [:]
    var rest = Array(users)[...]
    while !rest.isEmpty {
      found.merge(try await joinedRooms.rooms(of: Set(rest.prefix(Self.batchLimit)))) { $1 }
      rest = rest.dropFirst(Self.batchLimit)
    }
    return found
  }

  /// Those of the users who are in any of the rooms, where memory has none of them.
  func members(
    of rooms: some Sequence<RoomID>, among users: some Sequence<String>
  ) async throws -> Set<String> {
    try await memberships.joined(to: rooms, among: users)
  }

  /// Wakes those whom news of these users concern, soon.
  func note(_ users: some Sequence<UserID>) {
    pending.withLock { pending in
      for user in users where pending.count < Self.pendingLimit { pending.insert(user) }
    }
    hasPending.raise()
  }

  /// Wakes until the task is cancelled.
  package func run(_ waker: SyncWaker) async {
    while !Task.isCancelled {
      await hasPending.wait(atMost: .seconds(3600))
      let users = pending.withLock { pending in
        defer { pending = [] }
        return pending
      }
      guard !users.isEmpty, let rooms = try? await rooms(of: users) else { continue }
      waker.wake(users: users)
      waker.wake(rooms: rooms.values.reduce(into: Set<RoomID>()) { $0.formUnion($1) })
      try? await Task.sleep(for: Self.pause)
    }
  }
}
