import DequeModule
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import Streams

/// Finds what there is to tell of the rooms' events from memory, as of one position of their
/// stream. It does nothing else: what memory lacks is named, to be fetched before the next try.
struct SyncComposer {
  enum Outcome {
    /// Empty when the client knows everything already.
    case plan(Plan)
    /// These rooms must be loaded first.
    case lacking([RoomID])
    /// These stretches of history must be fetched first.
    case lackingHistory([HistoryRequest])
    /// It must be found out first what belongs to these events.
    case lackingRelations([StoredEvent])
    /// Memory knows of this event, which the position does not cover yet.
    case ahead(WriterID, Int64)
    case userNotLoaded
  }

  struct HistoryRequest: Hashable, Sendable {
    let room: RoomID
    let since: VectorToken?
    let upTo: Int64
    let limit: Int
    /// Whether the user's membership was another one somewhere in the stretch.
    let checksVisibility: Bool
  }

  let request: SyncRequest
  let since: VectorToken?
  let now: VectorToken
  let history: [HistoryRequest: RoomHistory]
  /// What is known of the reader beside the rooms.
  let reader: SyncReader

  func compose(_ state: borrowing SyncMemory.State) -> Outcome {
    guard let rooms = state.users[request.userID] else { return .userNotLoaded }
    var plan = Plan()
    for row in rooms.memberships.values where request.filter.admits(row.roomID) {
      guard now.covers(row.writer, row.streamOrdering) else {
        return .ahead(row.writer, row.streamOrdering)
      }
      if let ahead = add(row, state, to: &plan) {
        return .ahead(ahead.writer, ahead.streamOrdering)
      }
    }
    if !plan.lacking.isEmpty { return .lacking(plan.lacking) }
    if !plan.lackingHistory.isEmpty { return .lackingHistory(plan.lackingHistory) }
    if !plan.lackingRelations.isEmpty { return .lackingRelations(plan.lackingRelations) }
    plan.memberships = rooms
    return .plan(plan)
  }

  /// Adds what there is to tell of one room; returns an event that memory has too early.
  private func add(
    _ row: MembershipRow, _ state: borrowing SyncMemory.State, to plan: inout Plan
  ) -> StoredEvent? {
    let isNews = since.map { !$0.covers(row.writer, row.streamOrdering) } ?? true
    guard isNews ? tells(row) : mayHaveChanged(row, state) else { return nil }
    guard let view = state.views[row.roomID] else {
      plan.lacking.append(row.roomID)
      return nil
    }
    if let last = view.last, !now.covers(last.writer, last.streamOrdering) { return last }
    switch row.membership {
    case Membership.join: addJoined(row, view, isNews: isNews, to: &plan)
    case Membership.invite:
      plan.invited.append((row.roomID, StrippedRoom(view, reader: request.userID)))
    case Membership.knock:
      plan.knocked.append((row.roomID, StrippedRoom(view, reader: request.userID)))
    default: addLeft(row, view, to: &plan)
    }
    return nil
  }

  /// Whether a membership that is new to the client is told of.
  private func tells(_ row: MembershipRow) -> Bool {
    switch row.membership {
    case Membership.join, Membership.knock: true
    case Membership.invite: !reader.ignored.contains(row.sender)
    default: !reader.forgotten.contains(row.roomID) && (since != nil || row.isOldNews(to: request))
    }
  }

  /// Whether there may be something to tell of a room in which the user has been what they are.
  private func mayHaveChanged(
    _ row: MembershipRow, _ state: borrowing SyncMemory.State
  ) -> Bool {
    switch row.membership {
    case Membership.join: request.fullState || mayHaveChanged(row.roomID, state)
    case Membership.leave, Membership.ban:
      request.fullState && request.filter.includesLeft && !reader.forgotten.contains(row.roomID)
    default: false
    }
  }

  private func mayHaveChanged(_ room: RoomID, _ state: borrowing SyncMemory.State) -> Bool {
    guard let since else { return true }
    if let hasNews = state.recentRooms.hasNews(in: room, since: since) { return hasNews }
    guard let last = state.views[room]?.last else { return true }
    return !since.covers(last.writer, last.streamOrdering)
  }

  private func addJoined(
    _ row: MembershipRow, _ view: RoomView, isNews: Bool, to plan: inout Plan
  ) {
    let before = isNews ? view.membership(of: request.userID, at: since) : Membership.join
    let wasJoined = before ?? Membership.join == Membership.join
    var slice = sliceRequest(row.roomID, since: wasJoined ? since : nil)
    // Where it is not known whether the client has the room, it is told all of the state, and
    // that there are earlier events.
    slice.wantsFullState = request.fullState || before == nil
    // Who was in the room all the time sees all of that time.
    if isNews, view.hidesHistory { slice.history = view.history(of: request.userID) }
    if isNews { slice.memberships = view.memberships(of: request.userID) }
    guard knowsRelations(slice, view, &plan) else { return }
    let cut =
      view.slice(slice)
      ?? cutHistory(slice, row.roomID, view, checksVisibility: isNews, to: &plan)
    guard var cut else { return }
    if before == nil, since != nil { cut.isLimited = true }
    let room = JoinedRoom(cut, view, request: slice, reader: request.userID)
    let hasNews =
      !cut.events.isEmpty || !cut.state.isEmpty || cut.isLimited && slice.limit > 0
      || room.summary != nil
    guard hasNews || slice.since == nil else { return }
    plan.joined.append((row.roomID, room))
    if slice.since == nil { plan.entered.insert(row.roomID) }
  }

  /// Tells of the room up to where the user ceased to be in it. Who was not in it sees how that
  /// ended, and nothing else.
  private func addLeft(_ row: MembershipRow, _ view: RoomView, to plan: inout Plan) {
    let memberships = view.memberships(of: request.userID)
    var told = RoomSlice(
      events: [], isLimited: false, state: [], previousBatch: row.streamOrdering,
      memberships: memberships)
    let before = view.membership(of: request.userID, at: since)
    let wasJoined = before ?? Membership.join == Membership.join
    let departure = view.departure(of: request.userID)
    // A whole stay that the client was not told of.
    let isMissedStay = !wasJoined && departure.map { isNews($0, row.writer) } ?? false
    var slice = sliceRequest(row.roomID, since: isMissedStay ? nil : since)
    slice.wantsFullState = request.fullState || before == nil
    slice.memberships = memberships
    if wasJoined || isMissedStay || request.fullState {
      var cut: RoomSlice?
      slice.upTo = row.streamOrdering
      if let departure {
        slice.upTo = departure
        slice.history = view.history(of: request.userID)
        guard knowsRelations(slice, view, &plan) else { return }
        cut = view.slice(slice)
      }
      guard
        let found = cut
          ?? cutHistory(slice, row.roomID, view, checksVisibility: true, to: &plan)
      else { return }
      told = found
    }
    if let last = view.state[.member(request.userID)] { told.add(last, for: slice) }
    plan.left.append((row.roomID, told))
  }

  private func isNews(_ position: Int64, _ writer: WriterID) -> Bool {
    since.map { !$0.covers(writer, position) } ?? true
  }

  private func sliceRequest(_ room: RoomID, since: VectorToken?) -> SliceRequest {
    let filter = request.filter
    return SliceRequest(
      since: since, limit: filter.timeline.admits(room) ? filter.timelineLimit : 0,
      tellsStateAfter: request.stateForm != .beforeTimeline,
      lazyMembers: filter.lazyLoadsMembers
        ? LazyMembers(reader: request.userID, known: reader.knownMembers[room] ?? []) : nil,
      timeline: filter.timeline,
      related: filter.timeline.relatedBy == nil ? nil : reader.related,
      state: filter.state, ignored: reader.ignored)
  }

  /// Whether it is known which events of a slice have what the client demands. Most clients demand
  /// nothing, and most events have nothing.
  private func knowsRelations(
    _ slice: SliceRequest, _ view: RoomView, _ plan: inout Plan
  ) -> Bool {
    guard slice.related != nil, slice.limit > 0 else { return true }
    let unknown = view.parentsToAsk(for: slice).filter {
      !reader.asked.contains($0.event.eventID)
    }
    plan.lackingRelations += unknown
    return unknown.isEmpty
  }

  /// Cuts a slice that reaches further back than memory, once its history has been fetched.
  private func cutHistory(
    _ slice: SliceRequest, _ room: RoomID, _ view: RoomView, checksVisibility: Bool,
    to plan: inout Plan
  ) -> RoomSlice? {
    let wanted = HistoryRequest(
      room: room, since: slice.since, upTo: min(slice.upTo, view.lastOrdering),
      limit: slice.limit, checksVisibility: checksVisibility)
    guard let fetched = history[wanted] else {
      plan.lackingHistory.append(wanted)
      return nil
    }
    var slice = slice
    (slice.history, slice.related) = (fetched.visibility, fetched.related)
    if wanted.checksVisibility {
      slice.memberships = fetched.view.memberships(of: request.userID)
    }
    return fetched.view.longestSlice(slice)
  }
}

/// What an answer depends on beside the rooms.
struct SyncReader: Sendable {
  /// Rooms that the user has left and wants to know nothing of any more.
  var forgotten: Set<RoomID> = []
  /// Who sends nothing to the user but state.
  var ignored: Set<UserID> = []
  /// With lazy members: whom the device has been told of.
  var knownMembers: [RoomID: Set<String>] = [:]
  /// Events of which it has been found out whether others belong to them as the client demands,
  /// and those to which they do.
  private(set) var asked: Set<EventID> = []
  private(set) var related: Set<EventID> = []

  mutating func note(_ found: Set<EventID>, among events: [StoredEvent]) {
    asked.formUnion(events.map(\.event.eventID))
    related.formUnion(found)
  }
}

extension MembershipRow {
  /// Whether a client without any token is told of a room that the user is not in any more. Who
  /// was put out of it is told in any case.
  func isOldNews(to request: SyncRequest) -> Bool {
    request.filter.includesLeft || membership == Membership.ban || sender != userID
  }
}

extension RoomView {
  /// A user's membership at an earlier position; nil when memory does not go back so far.
  func membership(of user: UserID, at since: VectorToken?) -> String? {
    guard let since else { return nil }
    let key = StateTuple.member(user)
    guard let current = state[key] else { return "none" }
    guard !since.covers(current.writer, current.streamOrdering) else {
      return current.event.membership
    }
    let reachesBack =
      !hasEarlier
      || timeline.first.map { since.covers($0.stored.writer, $0.stored.streamOrdering) } ?? false
    guard reachesBack else { return nil }
    let next = timeline.first { entry in
      entry.stored.key == key && !since.covers(entry.stored.writer, entry.stored.streamOrdering)
    }
    return next?.replaced?.event.membership ?? next?.stored.previousMembership
  }
}
