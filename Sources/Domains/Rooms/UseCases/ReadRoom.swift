package import MatrixIdentifiers
package import RoomEvents

/// What a user may read of a room's state and members.
package struct ReadRoom: Sendable {
  private let access: RoomAccess
  private let states: StateStore
  private let events: EventStore
  private let memberships: MembershipStore
  private let bundler: BundleRelations

  package init(
    states: StateStore, events: EventStore, memberships: MembershipStore,
    bundler: BundleRelations
  ) {
    access = RoomAccess(memberships: memberships, states: states)
    self.states = states
    self.events = events
    self.memberships = memberships
    self.bundler = bundler
  }

  /// The state as the user may see it: now, or as it was when the user left.
  package func state(of room: RoomID, for user: UserID) async throws -> [StoredEvent] {
    switch try await access.extent(for: user, in: room) {
    case .everything: try await states.current([room])
    case .until(let position): try await states.state(of: room, at: position)
    }
  }

  package func stateEvent(
    _ key: StateTuple, of room: RoomID, for user: UserID
  ) async throws -> StoredEvent {
    let found: StoredEvent?
    switch try await access.extent(for: user, in: room) {
    case .everything: found = try await states.current(room, key)
    case .until(let position):
      found = try await states.state(of: room, at: position, keys: [key]).first
    }
    guard let found else { throw RoomError.unknownState }
    return found
  }

  /// Member events, now or at an earlier place of the history.
  package func members(
    of room: RoomID, for user: UserID, at place: HistoryToken?
  ) async throws -> [StoredEvent] {
    let extent = try await access.extent(for: user, in: room)
    let position = min(extent.lastPosition, place?.upperBound ?? .max)
    return try await states.members(of: room, at: position)
  }

  package func joinedMembers(of room: RoomID, for user: UserID) async throws -> [StoredEvent] {
    guard try await memberships.membership(of: user, in: room)?.membership == "join" else {
      throw RoomError.notInRoom
    }
    return try await states.members(of: room, at: .max).filter { $0.event.membership == "join" }
  }

  /// What the user may not see looks like what does not exist.
  package func event(
    _ id: EventID, in room: RoomID, for user: UserID
  ) async throws -> StoredEvent {
    try await visibleEvent(id, in: room, for: user).event
  }

  /// An event with what is told along with it.
  package struct BundledEvent: Sendable {
    package let event: StoredEvent
    package let bundles: EventBundles
    /// The reader's, at the event.
    package let memberships: MembershipHistory
  }

  package func bundledEvent(
    _ id: EventID, in room: RoomID, for user: UserID
  ) async throws -> BundledEvent {
    let (stored, history) = try await visibleEvent(id, in: room, for: user)
    let bundles = try await bundler.bundles(for: [stored], to: user, seeing: [room: history])
    let content = try await events.erasedContent(
      among: [stored] + bundles.told, readBy: history.memberships)
    return BundledEvent(
      event: content.shown(stored), bundles: bundles.showing(content, in: room),
      memberships: history.memberships)
  }

  private func visibleEvent(
    _ id: EventID, in room: RoomID, for user: UserID
  ) async throws -> (event: StoredEvent, history: HistoryVisibility) {
    let history: HistoryVisibility
    do {
      history = try await access.history(for: user, in: room)
    } catch RoomError.notInRoom {
      throw RoomError.unknownEvent
    }
    guard let stored = try await events.event(id), stored.event.roomID == room,
      history.sees(stored.streamOrdering)
    else { throw RoomError.unknownEvent }
    return (stored, history)
  }
}
