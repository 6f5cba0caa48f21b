import MatrixIdentifiers
import RoomEvents
import Rooms
import Streams

/// Fills the memory from the database.
struct MemoryLoader: Sendable {
  /// Rooms fetched by one query: a long wait of one client does not become everybody's.
  private static let roomsPerQuery = 100

  let memory: SyncMemory
  let snapshots: RoomSnapshotStore
  let events: EventStore
  let memberships: MembershipStore
  let states: StateStore
  let relations: RelationStore

  /// Makes sure that the user's rooms are in memory.
  func loadUser(_ user: UserID) async throws {
    let isKnown = memory.withState { state in
      state.uses += 1
      guard state.users[user] == nil else {
        state.userUse[user] = state.uses
        return true
      }
      state.beginLoading(user)
      return false
    }
    guard !isKnown else { return }
    defer { memory.withState { $0.endLoading(user) } }
    let rows = try await memberships.rooms(
      of: user, memberships: ["join", "invite", "leave", "ban", "knock"])
    memory.withState { state in
      guard state.users[user] == nil else { return }
      state.install(UserRooms(rows.filter { !$0.isForgotten }), for: user)
      state.evictUsers(keeping: user)
    }
  }

  /// Makes sure that the rooms are in memory, beside the other rooms of the user who wants them:
  /// one answer may need them all at once.
  func loadViews(_ rooms: [RoomID], for user: UserID) async throws {
    let missing = memory.withState { state in
      state.uses += 1
      for room in rooms where state.views[room] != nil { state.viewUse[room] = state.uses }
      return rooms.filter { state.views[$0] == nil }
    }
    var rest = missing[...]
    while !rest.isEmpty {
      try await load(Array(rest.prefix(Self.roomsPerQuery)))
      rest = rest.dropFirst(Self.roomsPerQuery)
    }
    guard !missing.isEmpty else { return }
    memory.withState { state in
      let own = state.users[user].map { Set($0.memberships.keys) } ?? []
      state.evictViews(keeping: own.union(rooms))
    }
  }

  private func load(_ rooms: [RoomID]) async throws {
    memory.withState { $0.beginLoading(rooms) }
    defer { memory.withState { $0.endLoading(rooms) } }
    let found = try await snapshots.snapshots(of: rooms, limit: RoomView.timelineCapacity)
    let replaced = try await replacedEvents(in: found)
    memory.withState { state in
      for (room, snapshot) in found where state.views[room] == nil {
        state.install(
          RoomView(
            timeline: snapshot.timeline, state: snapshot.state,
            hasEarlier: snapshot.timeline.first?.event.type != "m.room.create",
            replaced: replaced),
          for: room)
      }
    }
  }

  private func replacedEvents(
    in snapshots: [RoomID: RoomSnapshot]
  ) async throws -> [EventID: StoredEvent] {
    var known: [EventID: StoredEvent] = [:]
    var wanted: Set<EventID> = []
    for snapshot in snapshots.values {
      for stored in snapshot.timeline where stored.event.stateKey != nil {
        known[stored.event.eventID] = stored
        if let id = stored.replacedEventID { wanted.insert(id) }
      }
    }
    wanted.subtract(known.keys)
    for stored in try await events.events(Array(wanted)) { known[stored.event.eventID] = stored }
    return known
  }
}
