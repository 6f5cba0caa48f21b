import MatrixIdentifiers
import RoomEvents
import Rooms

/// A joined room's part of an answer.
struct JoinedRoom {
  private(set) var slice: RoomSlice
  let summary: RoomSummary?
  /// Whom the client is told of with lazy members, told before or now.
  let newMembers: NewMembers?

  init(_ slice: RoomSlice, _ view: RoomView, request: SliceRequest, reader: UserID) {
    self.slice = slice
    summary = view.mayHaveNewSummary(request) ? RoomSummary(view, reader: reader) : nil
    guard let lazy = request.lazyMembers else {
      newMembers = nil
      return
    }
    self.slice.addHeroes(summary?.heroes ?? [], of: view, request, known: lazy.known)
    newMembers = NewMembers(in: self.slice, replacesKnown: request.tellsWholeState, request)
  }

  mutating func show(_ content: ErasedContent) {
    slice.show(content)
  }
}

/// The members of a room whom an answer with lazy members tells of.
struct NewMembers: Sendable, Equatable {
  let users: Set<String>
  /// What the client knew before does not count any more.
  let replacesKnown: Bool
}

extension NewMembers {
  init(in slice: RoomSlice, replacesKnown: Bool, _ request: SliceRequest) {
    let told = request.tellsStateAfter ? slice.state : slice.state + slice.events
    let users = Set(
      told.compactMap { $0.event.type == EventType.member ? $0.event.stateKey : nil })
    self.init(users: users, replacesKnown: replacesKnown)
  }
}

extension RoomSlice {
  /// Tells the member events of those by whom a client names the room.
  fileprivate mutating func addHeroes(
    _ heroes: [String], of view: RoomView, _ request: SliceRequest, known: Set<String>
  ) {
    guard !heroes.isEmpty else { return }
    let isKnown = { (user: String) in known.contains(user) && !request.tellsWholeState }
    var told = state
    if !request.tellsStateAfter { told += events }
    let toldKeys = Set(told.compactMap(\.key))
    for user in heroes where !isKnown(user) {
      let key = StateTuple(EventType.member, user)
      guard !toldKeys.contains(key), let stored = view.state[key], request.state.matches(stored)
      else { continue }
      state.append(stored)
    }
  }
}

/// The part of an answer about a room that the user is invited to, or has asked to be let into:
/// what a user outside may know of it.
struct StrippedRoom {
  /// spec: client-server-api#stripped-state
  private static let types = [
    EventType.create, EventType.joinRules, "m.room.name", "m.room.canonical_alias",
    "m.room.avatar", "m.room.topic", "m.room.encryption",
  ]

  let state: [StoredEvent]

  init(_ view: RoomView, reader: UserID) {
    var told = Self.types.compactMap { view.state[StateTuple($0)] }
    if let own = view.state[.member(reader)] {
      if own.event.sender != reader, let inviter = view.state[.member(own.event.sender)] {
        told.append(inviter)
      }
      told.append(own)
    }
    state = told
  }
}
