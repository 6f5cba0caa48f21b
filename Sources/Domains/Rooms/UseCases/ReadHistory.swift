package import MatrixIdentifiers
import RoomEvents

/// Pages through a room's history.
package struct ReadHistory: Sendable {
  package static let defaultLimit = 10
  package static let maximumLimit = 1000

  package enum Direction: String, Sendable {
    case backwards = "b"
    case forwards = "f"
  }

  package struct Page: Sendable {
    package let start: HistoryToken
    /// Absent when there is nothing more in this direction.
    package let end: HistoryToken?
    package let events: [StoredEvent]
    package let state: [StoredEvent]
  }

  package struct Context: Sendable {
    package let event: StoredEvent
    /// Newest first.
    package let before: [StoredEvent]
    package let after: [StoredEvent]
    package let start: HistoryToken
    package let end: HistoryToken
    package let state: [StoredEvent]
  }

  private let access: RoomAccess
  private let states: StateStore
  private let events: EventStore

  package init(states: StateStore, events: EventStore, memberships: MembershipStore) {
    access = RoomAccess(memberships: memberships, states: states)
    self.states = states
    self.events = events
  }

  /// spec: client-server-api#get_matrixclientv3roomsroomidmessages
  package func page(
    of room: RoomID, for user: UserID, from: HistoryToken?, to: HistoryToken?,
    _ direction: Direction, limit: Int, withMembers: Bool
  ) async throws -> Page {
    let extent = try await access.extent(for: user, in: room)
    let page =
      switch direction {
      case .backwards:
        try await backwards(room, from, to, limit, until: extent.lastPosition)
      case .forwards: try await forwards(room, from, to, limit, until: extent.lastPosition)
      }
    guard withMembers else { return page }
    return Page(
      start: page.start, end: page.end, events: page.events,
      state: try await senders(of: page.events, in: room))
  }

  private func backwards(
    _ room: RoomID, _ from: HistoryToken?, _ to: HistoryToken?, _ limit: Int, until: Int64
  ) async throws -> Page {
    let newest = min(from?.upperBound ?? .max, until)
    let found = try await events.backwards(
      in: room, from: newest, downTo: to?.lowerBound ?? .min, limit: limit + 1)
    let wanted = found.filter { from?.covers($0) ?? true && !(to?.covers($0) ?? false) }
    let kept = Array(wanted.prefix(limit))
    let start = from ?? .position(kept.first?.streamOrdering ?? 0)
    let last = found.count > limit ? (kept.last ?? found.last) : nil
    return Page(
      start: start, end: last.map { .position($0.streamOrdering - 1) }, events: kept, state: [])
  }

  private func forwards(
    _ room: RoomID, _ from: HistoryToken?, _ to: HistoryToken?, _ limit: Int, until: Int64
  ) async throws -> Page {
    let found = try await events.forwards(
      in: room, after: from?.lowerBound ?? .min, upTo: min(to?.upperBound ?? .max, until),
      limit: limit)
    let kept = found.filter { !(from?.covers($0) ?? false) && (to?.covers($0) ?? true) }
    let start = from ?? .position((kept.first?.streamOrdering ?? 1) - 1)
    return Page(
      start: start, end: found.last.map { .position($0.streamOrdering) }, events: kept,
      state: [])
  }

  /// The member events of those who sent something, as they were at the newest event.
  private func senders(of page: [StoredEvent], in room: RoomID) async throws -> [StoredEvent] {
    guard let newest = page.map(\.streamOrdering).max() else { return [] }
    let keys = Set(page.map { StateTuple.member($0.event.sender) })
    return try await states.state(of: room, at: newest, keys: Array(keys))
  }

  /// spec: client-server-api#get_matrixclientv3roomsroomidcontexteventid
  package func context(
    of id: EventID, in room: RoomID, for user: UserID, limit: Int
  ) async throws -> Context {
    let extent = try await access.extent(for: user, in: room)
    guard let event = try await events.event(id), event.event.roomID == room,
      event.streamOrdering <= extent.lastPosition
    else { throw RoomError.unknownEvent }
    let position = event.streamOrdering
    let before = try await events.backwards(in: room, from: position - 1, limit: limit / 2)
    let after = try await events.forwards(
      in: room, after: position, upTo: extent.lastPosition, limit: limit - limit / 2)
    let last = after.last?.streamOrdering ?? position
    return Context(
      event: event, before: before, after: after,
      start: .position((before.last?.streamOrdering ?? position) - 1), end: .position(last),
      state: try await states.state(of: room, at: last))
  }
}
