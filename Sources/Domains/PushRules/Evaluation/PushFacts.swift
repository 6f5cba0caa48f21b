package import MatrixIdentifiers

/// Who is in a room.
package struct RoomMembers: Sendable {
  /// Joined members, of all servers.
  package var count: Int
  /// Those of this server.
  package var local: [LocalMember]

  package init(count: Int = 0, local: [LocalMember] = []) {
    self.count = count
    self.local = local
  }
}

/// What other domains know and evaluation needs, each asked for many at a time.
package protocol PushFacts: Sendable {
  func members(of rooms: [RoomID]) async throws -> [RoomID: RoomMembers]
  /// The contents of those of the events that are here, as JSON objects.
  func contents(of events: [EventID]) async throws -> [EventID: [UInt8]]
}

/// Knows who does not want to hear of whom.
package protocol IgnoredUsers: Sendable {
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
