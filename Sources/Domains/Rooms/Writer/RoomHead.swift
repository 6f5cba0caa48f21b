import EventAuth
package import MatrixIdentifiers
package import RoomEvents

/// One entry of a room's current state. The event itself is fetched when a decision needs it.
package struct StateEntry: Sendable {
  /// See `StateEdit`.
  package let slot: Int32
  /// The event's.
  package let number: Int64
  package var event: Event?

  package init(slot: Int32, number: Int64, event: Event? = nil) {
    self.slot = slot
    self.number = number
    self.event = event
  }

  package var eventID: EventID? { event?.eventID }
}

/// What the owner of a room keeps in memory to write its next event: nobody else changes it.
package struct RoomHead: Sendable {
  package let roomID: RoomID
  package let version: RoomVersion
  package internal(set) var forwardExtremities: [EventID]
  /// Of the extremities, in room versions that need it. A head that was read from the database
  /// lacks them until the events are there.
  var extremityHashes: [EventID: [UInt8]] = [:]
  /// The depth of the deepest extremity.
  package internal(set) var depth: Int64
  package private(set) var state: [StateTuple: StateEntry]
  var graph = HeadGraph()
  package internal(set) var cursor: StateCursor
  /// Member events held in memory.
  private(set) var loadedMembers = 0

  package init(
    roomID: RoomID, version: RoomVersion, forwardExtremities: [EventID], depth: Int64,
    state: [StateTuple: StateEntry], cursor: StateCursor
  ) {
    self.roomID = roomID
    self.version = version
    self.forwardExtremities = forwardExtremities
    self.depth = depth
    self.state = state
    self.cursor = cursor
  }

  /// The room's current state in the database.
  package var stateSnapshot: SnapshotID? { cursor.snapshot }

  /// Makes an event the current one of its place.
  /// - Returns: what that changes, and the entry as it was.
  mutating func place(
    _ event: Event, _ key: StateTuple, number: Int64
  ) -> (edit: StateEdit, replaced: StateEntry?) {
    let replaced = state[key]
    let slot = replaced?.slot ?? cursor.takeSlot(for: key)
    replace(key, with: StateEntry(slot: slot, number: number, event: event))
    return (StateEdit(slot: slot, old: replaced?.number ?? StateEdit.none, new: number), replaced)
  }

  /// Keeps an event that was fetched, if it is current state.
  mutating func install(_ event: Event, number: Int64) {
    guard let key = event.stateTuple, let entry = state[key], entry.number == number else {
      return
    }
    replace(key, with: StateEntry(slot: entry.slot, number: number, event: event))
  }

  /// Sets or removes one entry of the state.
  mutating func replace(_ key: StateTuple, with entry: StateEntry?) {
    if key.type == "m.room.member" {
      loadedMembers += entry?.event == nil ? 0 : 1
      loadedMembers -= state[key]?.event == nil ? 0 : 1
    }
    state[key] = entry
  }

  /// Member events beyond this number are let go and fetched again when needed.
  static let loadedMemberLimit = 512

  /// Forgets the contents of member events, not which events they are.
  mutating func unloadMembers() {
    for (key, entry) in state where key.type == "m.room.member" && entry.event != nil {
      state[key] = StateEntry(slot: entry.slot, number: entry.number)
      graph.forgetNode(key)
    }
    loadedMembers = 0
  }

  /// The current membership of a user whose member event is loaded; "none" without one.
  func membership(of userID: String) -> String {
    state[StateTuple("m.room.member", userID)]?.event?.membership ?? "none"
  }
}

extension RoomHead: AuthState {
  package func event(_ key: StateTuple) -> Event? {
    state[key]?.event
  }
}
