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

  /// Makes sure that the user's rooms are in memory.
  func loadUser(_ user: UserID) async throws {
    let isKnown = memory.withState { state in
      state.uses += 1
      guard state.users[user] == nil else {
        state.userUse[user] = state.uses
        return true
      }
      if state.loadingUsers[user] == nil { state.loadingUsers[user] = [] }
      return false
    }
    guard !isKnown else { return }
    let rows: [MembershipRow]
    do {
      rows = try await memberships.rooms(
        of: user, memberships: ["join", "invite", "leave", "ban", "knock"])
    } catch {
      memory.withState { $0.loadingUsers[user] = nil }
      throw error
    }
    memory.withState { state in
      if state.users[user] == nil {
        state.install(UserRooms(rows.filter { !$0.isForgotten }), for: user)
      }
    }
  }

  /// Makes sure that the rooms are in memory.
  func loadViews(_ rooms: [RoomID]) async throws {
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
    if !missing.isEmpty { memory.withState { $0.evict(keeping: Set(rooms)) } }
  }

  private func load(_ rooms: [RoomID]) async throws {
    memory.withState { state in
      for room in rooms where state.loadingViews[room] == nil { state.loadingViews[room] = [] }
    }
    let found: [RoomID: RoomSnapshot]
    let replaced: [EventID: StoredEvent]
    do {
      found = try await snapshots.snapshots(of: rooms, limit: RoomView.timelineCapacity)
      replaced = try await replacedEvents(in: found)
    } catch {
      memory.withState { state in for room in rooms { state.loadingViews[room] = nil } }
      throw error
    }
    memory.withState { state in
      for (room, snapshot) in found where state.views[room] == nil {
        state.install(
          RoomView(
            timeline: snapshot.timeline, state: snapshot.state,
            hasEarlier: snapshot.timeline.first?.event.type != "m.room.create",
            replaced: replaced),
          for: room)
      }
      for room in rooms { state.loadingViews[room] = nil }
    }
  }

  /// A stretch of history that is older than memory.
  func history(
    _ wanted: SyncComposer.HistoryRequest, _ states: StateStore
  ) async throws -> RoomHistory {
    let found = try await events.backwards(
      in: wanted.room, from: wanted.upTo, limit: wanted.limit + 1)
    let kept = Array(found.prefix(wanted.limit).reversed())
    let start = kept.first.map { $0.streamOrdering - 1 } ?? wanted.upTo
    return RoomHistory(
      events: kept, hasEarlier: found.count > wanted.limit,
      stateBefore: try await states.state(of: wanted.room, at: start))
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
