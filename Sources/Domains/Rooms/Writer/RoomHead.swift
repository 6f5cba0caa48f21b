import EventAuth
package import MatrixIdentifiers
package import RoomEvents

/// One entry of a room's current state. The event itself is fetched when a decision needs it.
package struct StateEntry: Sendable {
  package let eventID: EventID
  package var event: Event?

  package init(eventID: EventID, event: Event? = nil) {
    self.eventID = eventID
    self.event = event
  }
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
  /// Member events held in memory.
  private(set) var loadedMembers = 0

  package init(
    roomID: RoomID, version: RoomVersion, forwardExtremities: [EventID], depth: Int64,
    state: [StateTuple: StateEntry]
  ) {
    self.roomID = roomID
    self.version = version
    self.forwardExtremities = forwardExtremities
    self.depth = depth
    self.state = state
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
      state[key] = StateEntry(eventID: entry.eventID)
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
