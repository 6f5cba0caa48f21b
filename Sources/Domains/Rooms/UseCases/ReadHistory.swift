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
    package var bundles = EventBundles.none
    /// The reader's, at the events.
    package var memberships: MembershipHistory?
  }

  package struct Context: Sendable {
    package let event: StoredEvent
    /// Newest first.
    package let before: [StoredEvent]
    package let after: [StoredEvent]
    package let start: HistoryToken
    package let end: HistoryToken
    package let state: [StoredEvent]
    package let bundles: EventBundles
    /// The reader's, at the events.
    package let memberships: MembershipHistory
  }

  private let access: RoomAccess
  private let states: StateStore
  private let events: EventStore
  private let relations: RelationStore
  private let bundler: BundleRelations
  private let ignored: any IgnoredSenders

  package init(
    states: StateStore, events: EventStore, memberships: MembershipStore,
    relations: RelationStore, bundler: BundleRelations, ignored: any IgnoredSenders
  ) {
    access = RoomAccess(memberships: memberships, states: states)
    self.states = states
    self.events = events
    self.relations = relations
    self.bundler = bundler
    self.ignored = ignored
  }

  /// spec: client-server-api#get_matrixclientv3roomsroomidmessages
  package func page(
    of room: RoomID, for user: UserID, from: HistoryToken?, to: HistoryToken?,
    _ direction: Direction, limit: Int, filter: EventFilter = EventFilter()
  ) async throws -> Page {
    let history = try await access.history(for: user, in: room)
    guard limit > 0 else {
      return Page(start: from ?? .position(.max), end: from, events: [], state: [])
    }
    let wanted = HistorySelection(
      room: room, history: history, filter: filter, ignored: try await ignored.ignored(by: user),
      relations: relations, limit: limit)
    let page =
      switch direction {
      case .backwards: try await backwards(wanted, from, to)
      case .forwards: try await forwards(wanted, from, to)
      }
    let bundles = try await bundler.bundles(for: page.events, to: user, seeing: [room: history])
    let content = try await events.erasedContent(
      among: page.events + bundles.told, readBy: history.memberships)
    return Page(
      start: page.start, end: page.end, events: page.events.map(content.shown),
      state: filter.lazyLoadsMembers ? try await senders(of: page.events, in: room) : [],
      bundles: bundles.showing(content, in: room), memberships: history.memberships)
  }

  private func backwards(
    _ wanted: HistorySelection, _ from: HistoryToken?, _ to: HistoryToken?
  ) async throws -> Page {
    let found = try await events.select(
      wanted, .backwards, after: to?.lowerBound ?? .min, upTo: from?.upperBound ?? .max
    ) { from?.covers($0) ?? true && !(to?.covers($0) ?? false) }
    return Page(
      start: from ?? .position(found.first ?? 0), end: found.next.map { .position($0) },
      events: found.events, state: [])
  }

  /// New events may follow the last one, so the end is told as long as there was something.
  private func forwards(
    _ wanted: HistorySelection, _ from: HistoryToken?, _ to: HistoryToken?
  ) async throws -> Page {
    let found = try await events.select(
      wanted, .forwards, after: from?.lowerBound ?? .min, upTo: to?.upperBound ?? .max
    ) { !(from?.covers($0) ?? false) && (to?.covers($0) ?? true) }
    return Page(
      start: from ?? .position((found.first ?? 1) - 1),
      end: (found.next ?? found.last).map { .position($0) }, events: found.events, state: [])
  }

  /// The member events of those who sent something, as they were at the newest event.
  private func senders(of page: [StoredEvent], in room: RoomID) async throws -> [StoredEvent] {
    guard let newest = page.map(\.streamOrdering).max() else { return [] }
    let keys = Set(page.map { StateTuple.member($0.event.sender) })
    return try await states.state(of: room, at: newest, keys: Array(keys))
  }

  /// The filter is not applied to the event itself.
  /// spec: client-server-api#get_matrixclientv3roomsroomidcontexteventid
  package func context(
    of id: EventID, in room: RoomID, for user: UserID, limit: Int,
    filter: EventFilter = EventFilter()
  ) async throws -> Context {
    let history = try await access.history(for: user, in: room)
    guard let event = try await events.event(id), event.event.roomID == room,
      history.sees(event.streamOrdering)
    else { throw RoomError.unknownEvent }
    let position = event.streamOrdering
    var wanted = HistorySelection(
      room: room, history: history, filter: filter, ignored: try await ignored.ignored(by: user),
      relations: relations, limit: limit / 2)
    let before = try await events.select(
      wanted, .backwards, after: .min, upTo: position - 1
    ) { _ in true }
    wanted.limit = limit - limit / 2
    let after = try await events.select(
      wanted, .forwards, after: position, upTo: .max
    ) { _ in true }
    let told = before.events + [event] + after.events
    let bundles = try await bundler.bundles(for: told, to: user, seeing: [room: history])
    let content = try await events.erasedContent(
      among: told + bundles.told, readBy: history.memberships)
    let state = try await states.state(
      of: room, at: after.events.last?.streamOrdering ?? position)
    return Context(
      event: content.shown(event), before: before.events.map(content.shown),
      after: after.events.map(content.shown),
      start: .position(before.next ?? (before.last ?? position) - 1),
      end: .position(after.next ?? after.last ?? position),
      state: filter.state(state, around: told),
      bundles: bundles.showing(content, in: room), memberships: history.memberships)
  }
}

extension EventFilter {
  /// Of the state around some events what the client wants.
  fileprivate func state(
    _ state: [StoredEvent], around events: [StoredEvent]
  ) -> [StoredEvent] {
    let senders = lazyLoadsMembers ? Set(events.map(\.event.sender.text)) : nil
    return state.filter { stored in
      if let senders, stored.event.type == EventType.member {
        guard senders.contains(stored.event.stateKey ?? "") else { return false }
      }
      return matches(stored)
    }
  }
}
