package import MatrixIdentifiers

/// What other domains know and evaluation needs, each asked for many at a time.
package protocol PushFacts: Sendable {
  /// The users of this server who are joined to each of the rooms.
  func localMembers(of rooms: [RoomID]) async throws -> [RoomID: [LocalMember]]
  /// The contents of those of the events that are here, as JSON objects.
  func contents(of events: [EventID]) async throws -> [EventID: [UInt8]]
  /// The users of this server who ignore each of these users. Asked for every batch of events, so
  /// it is answered from memory as a rule.
  func ignoring(_ senders: Set<UserID>) async throws -> [UserID: Set<UserID>]
}

/// What is going to be evaluated, as far as it is known before the events are made.
package struct PushNeeds: Sendable {
  package let room: RoomID
  /// Nobody is in the room yet.
  package let isNew: Bool
  package let sender: UserID
  /// The user whose membership the event sets.
  package let target: UserID?
  package let relation: EventRelation?

  package init(
    room: RoomID, isNew: Bool, sender: UserID, target: UserID? = nil,
    relation: EventRelation? = nil
  ) {
    self.room = room
    self.isNew = isNew
    self.sender = sender
    self.target = target
    self.relation = relation
  }
}
