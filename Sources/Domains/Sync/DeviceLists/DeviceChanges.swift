package import DeviceKeys
import MatrixIdentifiers
package import Postgres
import RoomEvents
package import Rooms
package import Streams
import Synchronization

/// Whose devices a user has to look at anew between two positions, and whose no more.
///
/// spec: client-server-api#e2e-extensions-to-sync
package final class DeviceChanges: Sendable {
  /// Changes of who is in which room that are kept, about 150 bytes each.
  private static let limit = 20_000

  /// What changed.
  struct Found: Sendable, Equatable {
    var changed: Set<UserID> = []
    var left: Set<UserID> = []
  }

  /// A stretch of both streams.
  struct Stretch: Sendable {
    let devicesSince: VectorToken
    let devicesNow: VectorToken
    let eventsSince: VectorToken
    let eventsNow: VectorToken
  }

  private let memory: DeviceListMemory
  private let history: JoinHistory
  private let memberships: MembershipStore
  private let joinedRooms: JoinedRooms
  private let recent: Mutex<RecentRows<JoinChange>>

  /// Follows `events` from its present position on.
  package init(
    memory: DeviceListMemory, joinedRooms: JoinedRooms, events: StreamReader<StoredEvent>,
    database: any Querying
  ) {
    self.memory = memory
    history = JoinHistory(database: database)
    memberships = MembershipStore(database: database)
    self.joinedRooms = joinedRooms
    recent = Mutex(RecentRows(start: events.current, limit: Self.limit))
    events.onInvalidate { [weak self] batch in self?.note(batch) }
  }

  private func note(_ batch: StreamBatch<StoredEvent>) {
    let rows = batch.rows.compactMap { row in
      JoinChange(row.row).map { StreamRow(position: row.position, row: $0) }
    }
    recent.withLock { recent in
      recent.add(
        StreamBatch(
          writer: batch.writer, previous: batch.previous, position: batch.position, rows: rows))
    }
  }

  /// - Parameters:
  ///   - rooms: where the user stands now.
  ///   - loader: knows who is in a room.
  func find(
    for user: UserID, in rooms: UserRooms, _ stretch: Stretch, _ loader: MemoryLoader
  ) async throws -> Found {
    var devices: [DeviceListRow] = []
    if !stretch.devicesNow.isCovered(by: stretch.devicesSince) {
      devices = try await memory.changes(
        for: user, since: stretch.devicesSince, upTo: stretch.devicesNow)
    }
    let joins = try await joins(of: user, rooms, stretch)
    guard !devices.isEmpty || !joins.isEmpty else { return Found() }
    let shared = SharedRooms(of: user, now: rooms, changes: joins)
    var found = try await others(devices, shared)
    for row in devices where row.userID == user || row.audience == user {
      found.changed.insert(row.userID)
    }
    try await addOwnMoves(shared, loader, to: &found)
    return found
  }

  private func joins(
    of user: UserID, _ rooms: UserRooms, _ stretch: Stretch
  ) async throws -> [JoinChange] {
    guard !stretch.eventsNow.isCovered(by: stretch.eventsSince) else { return [] }
    let recent = recent.withLock { recent in
      recent.rows(since: stretch.eventsSince, upTo: stretch.eventsNow) { change in
        change.userID == user || rooms.memberships[change.roomID] != nil
      }
    }
    if let recent { return recent.map(\.row) }
    let concerned = rooms.memberships.values.filter { row in
      row.membership == Membership.join
        || !stretch.eventsSince.covers(row.writer, row.streamOrdering)
    }
    return try await history.changes(
      in: concerned.map(\.roomID), and: user, since: stretch.eventsSince)
  }

  /// Those whose devices changed and those who came or went.
  private func others(_ devices: [DeviceListRow], _ shared: SharedRooms) async throws -> Found {
    let changed = Set(devices.lazy.filter { $0.audience == nil }.map(\.userID))
      .subtracting([shared.user])
    let roomsOfOthers = try await joinedRooms.rooms(of: changed.union(shared.movers))
    var found = Found()
    for (other, theirs) in roomsOfOthers {
      let isShared = shared.isShared(theirs)
      if changed.contains(other), isShared { found.changed.insert(other) }
      guard shared.movers.contains(other) else { continue }
      switch (shared.wasShared(other, theirs), isShared) {
      case (false, true): found.changed.insert(other)
      case (true, false): found.left.insert(other)
      default: break
      }
    }
    return found
  }

  /// Those with whom the user shares a room, or no longer, by having moved. Who moved as well has
  /// been told of.
  private func addOwnMoves(
    _ shared: SharedRooms, _ loader: MemoryLoader, to found: inout Found
  ) async throws {
    guard !shared.entered.isEmpty || !shared.left.isEmpty else { return }
    let met = try await loader.joinedUsers(in: shared.entered, for: shared.user)
    let parted = try await loader.joinedUsers(in: shared.left, for: shared.user)
    let candidates = met.symmetricDifference(parted).subtracting(shared.movers)
      .subtracting([shared.user])
    let known = try await sharing(candidates, in: shared.kept)
    for other in candidates where !known.contains(other.text) {
      if met.contains(other) { found.changed.insert(other) } else { found.left.insert(other) }
    }
  }

  private func sharing(_ users: Set<UserID>, in rooms: [RoomID]) async throws -> Set<String> {
    guard !users.isEmpty, !rooms.isEmpty else { return [] }
    return try await memberships.joined(to: rooms, among: users.map(\.text))
  }
}
