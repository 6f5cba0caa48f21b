import Ephemera
package import Executors
import MatrixIdentifiers
import RoomEvents
import Rooms
package import Streams

/// Tells who is there of those who are in a room with the user, and of the user.
/// spec: client-server-api#presence
package struct PresenceProvider: SyncProvider {
  private let values: LatestValues
  private let audience: PresenceAudience
  private let memory: SyncMemory
  private let tellsOfflineUsers: Bool
  private let clock: any WallClock
  private let events = PresenceEvents()

  /// - Parameter tellsOfflineUsers: even to clients that know nothing yet.
  package init(
    values: LatestValues, audience: PresenceAudience, waker: SyncWaker, tellsOfflineUsers: Bool,
    clock: any WallClock
  ) {
    self.values = values
    self.audience = audience
    memory = waker.memory
    self.tellsOfflineUsers = tellsOfflineUsers
    self.clock = clock
    values.onChange { keys in audience.note(keys.compactMap { UserID($0) }) }
  }

  package var stream: StreamName { .presence }
  package var current: VectorToken { VectorToken(minimum: values.position) }

  /// Nobody waits long to learn who is there: a worker that is behind goes on without.
  package func waitUntil(covers token: VectorToken, timeout: Duration) async -> Bool {
    _ = await values.waitUntil(covers: token.minimum)
    return true
  }

  package func news(for request: ProviderRequest) async throws -> SyncNews {
    var news = SyncNews()
    let filter = request.sync.filter.presence
    guard filter.matches(type: PresenceRecord.eventType) else { return news }
    var told = try await changes(for: request)
    told.merge(try await newcomers(for: request)) { mine, _ in mine }
    let now = clock.now()
    for (user, value) in told.sorted(by: { $0.key.text < $1.key.text })
    where filter.matches(type: PresenceRecord.eventType, sender: user.text) {
      guard let event = events.event(of: user, value, at: now) else { continue }
      // Who knows nothing yet need not learn who is not there.
      if request.since != nil || tellsOfflineUsers || event.state != .offline {
        news.presence.append(event.bytes)
      }
    }
    return news
  }

  /// What has changed of those whom the client knows.
  private func changes(for request: ProviderRequest) async throws -> [UserID: [UInt8]] {
    guard let since = request.since, !request.isUpToDate else { return [:] }
    var changed: [UserID: [UInt8]] = [:]
    for (key, entry) in values.changes(since: since.minimum, upTo: request.now.minimum) {
      if let user = UserID(key) { changed[user] = entry.value }
    }
    guard !changed.isEmpty else { return [:] }
    let me = request.sync.userID
    let rooms = try await audience.rooms(of: Set(changed.keys.filter { $0 != me }))
    return changed.filter { user, _ in
      user == me || (rooms[user] ?? []).contains { request.rooms.isJoined(to: $0) }
    }
  }

  /// Those who are in rooms that are new to the client, and at first the user.
  private func newcomers(for request: ProviderRequest) async throws -> [UserID: [UInt8]] {
    guard !request.entered.isEmpty || request.since == nil else { return [:] }
    let known = values.entries
    var (found, unseen) = memory.withState { state in
      var (found, unseen): (Set<String>, [RoomID]) = ([], [])
      for room in request.entered {
        if let view = state.views[room] {
          found.formUnion(view.joined(among: known))
        } else {
          unseen.append(room)
        }
      }
      return (found, unseen)
    }
    if !unseen.isEmpty, !known.isEmpty {
      found.formUnion(try await audience.members(of: unseen, among: known.keys))
    }
    if request.since == nil { found.insert(request.sync.userID.text) }
    var present: [UserID: [UInt8]] = [:]
    for key in found {
      if let user = UserID(key) { present[user] = known[key]?.value }
    }
    return present
  }
}

extension RoomView {
  /// The room's members of whom something is known: whatever there are fewer of is looked through.
  fileprivate func joined(among known: [String: LatestValuesMachine.Entry]) -> [String] {
    guard state.count < known.count else {
      return known.keys.filter {
        state[StateTuple(EventType.member, $0)]?.event.membership == Membership.join
      }
    }
    return state.compactMap { key, stored in
      key.type == EventType.member && stored.event.membership == Membership.join
        && known[key.stateKey] != nil ? key.stateKey : nil
    }
  }
}

extension UserRooms {
  fileprivate func isJoined(to room: RoomID) -> Bool {
    memberships[room]?.membership == Membership.join
  }
}
