package import MatrixIdentifiers
import MatrixJSON
import RoomEvents
package import Rooms

/// Takes this server's users out of a room.
package struct RoomEvacuation: Sendable {
  private static let there = [Membership.join, Membership.invite, Membership.knock]
  private static let defaultName = "Content Violation Notification"
  private static let defaultMessage = """
    Sharing illegal content on this server is not permitted and rooms in violation will be blocked.
    """

  private let create: CreateRoom
  private let membership: ChangeMembership
  private let send: SendEvent
  private let memberships: MembershipStore
  private let aliases: AliasStore
  private let blocked: BlockedRooms
  private let serverName: ServerName

  package init(
    create: CreateRoom, membership: ChangeMembership, send: SendEvent,
    memberships: MembershipStore, aliases: AliasStore, blocked: BlockedRooms,
    serverName: ServerName
  ) {
    self.create = create
    self.membership = membership
    self.send = send
    self.memberships = memberships
    self.aliases = aliases
    self.blocked = blocked
    self.serverName = serverName
  }

  func block(_ room: RoomID, by user: UserID) async throws {
    try await blocked.block(room, by: user)
  }

  /// The users of this server who are in the room, or could come in.
  func users(of room: RoomID) async throws -> [UserID] {
    try await memberships.members(of: room, memberships: Self.there)
      .filter { $0.userID.isOn(serverName) }.map(\.userID)
  }

  func isEmpty(_ room: RoomID) async throws -> Bool {
    try await users(of: room).isEmpty
  }

  /// A room in which only its owner may speak, with the message that tells why everyone is there.
  func makeRoom(for owner: UserID, _ deletion: RoomDeletion) async throws -> RoomID {
    var options = RoomOptions()
    options.preset = .publicChat
    options.name = deletion.newRoomName ?? Self.defaultName
    options.powerLevelOverride = ["users_default": -10]
    let room = try await create.create(options, by: owner).room
    let content = JSON.object([
      "msgtype": "m.text", "body": .string(deletion.message ?? Self.defaultMessage),
    ])
    _ = try await send.message(
      in: room, type: "m.room.message", content: try JSONDocument(content.bytes).root,
      sender: owner,
      transaction: TransactionKey(
        userID: owner, deviceID: "", transactionID: "reason", endpoint: "m.room.message"))
    return room
  }

  /// - Returns: false when the room would not let the user go.
  func move(_ user: UserID, from room: RoomID, to newRoom: RoomID?) async throws -> Bool {
    do {
      try await membership.leave(room, user: user, reason: nil)
      if let newRoom { try await membership.join(newRoom, user: user, reason: nil) }
      return true
    } catch let error as RoomError {
      if case .unavailable = error { throw error }
      return false
    }
  }

  /// - Returns: the names that the room had.
  func moveAliases(of room: RoomID, to newRoom: RoomID?) async throws -> [String] {
    let names = try await aliases.aliases(of: room)
    if let newRoom {
      try await aliases.move(from: room, to: newRoom)
    } else {
      for name in names { try await aliases.remove(name, of: room) }
    }
    return names.map(\.text)
  }
}
