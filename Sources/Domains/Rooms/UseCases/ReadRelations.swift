package import MatrixIdentifiers
import RoomEvents

/// The events that belong to another one, and the threads of a room.
/// spec: client-server-api#relationships-api
package struct ReadRelations: Sendable {
  package static let defaultLimit = 20
  package static let maximumLimit = 100

  package struct Query: Sendable {
    package let parent: EventID
    package var relationType: String?
    package var eventType: String?
    package var recurses = false
    package var from: HistoryToken?
    package var to: HistoryToken?
    package var direction = ReadHistory.Direction.backwards
    package var limit = ReadRelations.defaultLimit

    package init(parent: EventID) {
      self.parent = parent
    }
  }

  package struct Page: Sendable {
    package let events: [StoredEvent]
    package let bundles: EventBundles
    /// Absent when there is nothing more.
    package let next: HistoryToken?
    /// The reader's, at the events.
    package let memberships: MembershipHistory
  }

  /// How far `Query.recurses` reaches.
  package static let recursionDepth = RelationSelection.recursionDepth

  private let access: RoomAccess
  private let events: EventStore
  private let relations: RelationStore
  private let threads: ThreadStore
  private let bundler: BundleRelations
  private let ignored: any IgnoredSenders

  package init(
    access: RoomAccess, events: EventStore, relations: RelationStore, threads: ThreadStore,
    bundler: BundleRelations, ignored: any IgnoredSenders
  ) {
    self.access = access
    self.events = events
    self.relations = relations
    self.threads = threads
    self.bundler = bundler
    self.ignored = ignored
  }

  package func page(of query: Query, in room: RoomID, for user: UserID) async throws -> Page {
    let history = try await history(of: query.parent, in: room, for: user)
    guard query.limit > 0 else {
      return Page(
        events: [], bundles: .none, next: query.from, memberships: history.memberships)
    }
    let selection = RelationSelection(
      room: room, parent: query.parent, relationType: query.relationType,
      eventType: query.eventType, recurses: query.recurses, history: history,
      ignored: try await ignored.ignored(by: user))
    let found: [StoredEvent]
    switch query.direction {
    case .backwards:
      found = try await relations.events(
        selection, .backwards, after: query.to?.lowerBound ?? .min,
        upTo: query.from?.upperBound ?? .max, limit: query.limit + 1)
    case .forwards:
      found = try await relations.events(
        selection, .forwards, after: query.from?.lowerBound ?? .min,
        upTo: query.to?.upperBound ?? .max, limit: query.limit + 1)
    }
    let told = Array(found.prefix(query.limit))
    let next = found.count > query.limit ? told.last?.streamOrdering : nil
    let page = told.filter { query.admits($0) }
    let bundles = try await bundler.bundles(for: page, to: user, seeing: [room: history])
    let content = try await events.erasedContent(
      among: page + bundles.told, readBy: history.memberships)
    return Page(
      events: page.map(content.shown), bundles: bundles.showing(content, in: room),
      next: next.map { .position(query.direction == .backwards ? $0 - 1 : $0) },
      memberships: history.memberships)
  }

  /// - Throws: `RoomError.unknownEvent` when the user may not see the event.
  private func history(
    of parent: EventID, in room: RoomID, for user: UserID
  ) async throws -> HistoryVisibility {
    let history: HistoryVisibility
    do {
      history = try await access.history(for: user, in: room)
    } catch RoomError.notInRoom {
      throw RoomError.unknownEvent
    }
    guard let stored = try await events.event(parent), stored.event.roomID == room,
      history.sees(stored.streamOrdering)
    else { throw RoomError.unknownEvent }
    return history
  }

  /// The roots of threads, ordered by their latest events. What an ignored user began is shown
  /// without content, and a thread of which the user sees no event not at all.
  /// spec: client-server-api#get_matrixclientv1roomsroomidthreads
  package func threads(
    of room: RoomID, for user: UserID, participatedOnly: Bool, from: HistoryToken?, limit: Int
  ) async throws -> Page {
    let history = try await access.history(for: user, in: room)
    let found = try await threads.roots(
      in: room, seeing: history, upTo: from?.upperBound ?? .max,
      participant: participatedOnly ? user : nil, limit: limit + 1)
    let told = found.prefix(limit)
    let bundles = try await bundler.bundles(
      for: told.map(\.root), to: user, seeing: [room: history])
    let shunned = try await ignored.ignored(by: user)
    let roots = told.map(\.root).filter { bundles.hasThread($0.event.eventID) }.map { root in
      shunned.contains(root.event.sender) ? Redaction.hidden(root) : root
    }
    let content = try await events.erasedContent(
      among: roots + bundles.told, readBy: history.memberships)
    let next = found.count > limit ? told.last?.latest : nil
    return Page(
      events: roots.map(content.shown), bundles: bundles.showing(content, in: room),
      next: next.map { .position($0 - 1) },
      memberships: history.memberships)
  }
}

extension ReadRelations.Query {
  /// Tokens that name the positions of several writers cover more than one position says.
  fileprivate func admits(_ stored: StoredEvent) -> Bool {
    switch direction {
    case .backwards: from?.covers(stored) ?? true && !(to?.covers(stored) ?? false)
    case .forwards: !(from?.covers(stored) ?? false) && (to?.covers(stored) ?? true)
    }
  }
}
