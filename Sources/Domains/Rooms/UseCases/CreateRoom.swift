package import Accounts
package import Executors
package import MatrixCrypto
package import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Synchronization

/// Makes rooms.
package struct CreateRoom: Sendable {
  /// Letters of a random room id.
  private static let roomIDLength = 18
  /// Letters of the name by which a repeated request is known.
  private static let transactionLength = 24
  /// Room ids that are tried until one is free.
  private static let tries = 5

  private let persister: any EventPersister
  private let aliases: AliasStore
  private let profiles: Profiles
  private let invitations: (any InvitePermissions)?
  private let serverName: ServerName
  private let signingKey: SigningKey
  private let clock: any WallClock
  private let times = CreationTimes()

  package init(
    persister: any EventPersister, aliases: AliasStore, profiles: Profiles,
    invitations: (any InvitePermissions)? = nil, serverName: ServerName, signingKey: SigningKey,
    clock: any WallClock
  ) {
    self.invitations = invitations
    self.persister = persister
    self.aliases = aliases
    self.profiles = profiles
    self.serverName = serverName
    self.signingKey = signingKey
    self.clock = clock
  }

  /// The room with its first state and invitations, all of it or nothing.
  package func create(
    _ options: RoomOptions, by creator: UserID
  ) async throws -> (room: RoomID, alias: RoomAlias?) {
    guard options.invites.allSatisfy({ $0.serverName == serverName }) else {
      throw RoomError.remoteUser
    }
    try await invitations?.check(options.invites)
    let alias = try newAlias(options.aliasName)
    let state = NewRoomState(options: options, creator: creator, alias: alias)
    for _ in 0..<Self.tries {
      if let room = try await attempt(state) { return (room, alias) }
    }
    throw RoomError.unavailable("no room id was free")
  }

  /// Nil when another room has the id: from version 12 on it is the hash of the create event, which
  /// another worker may have made at the same time for the same user.
  private func attempt(_ state: NewRoomState) async throws -> RoomID? {
    let create = try createEvent(
      version: state.options.version, content: state.createContent.bytes, by: state.creator)
    let room = create.roomID
    if let alias = state.alias {
      guard try await aliases.add(alias, for: room, by: state.creator, now: clock.now())
      else { throw RoomError.aliasTaken }
    }
    let request = PersistRequest(
      roomID: room,
      creation: RoomCreation(version: state.options.version, createEvent: create.bytes),
      intents: try await intents(state))
    do throws(PersistError) {
      _ = try await persister.persist(request)
      return room
    } catch .unavailable(let reason) {
      // Perhaps the room comes to be; if not, its name becomes free by itself.
      throw RoomError.unavailable(reason)
    } catch {
      if let alias = state.alias { try? await aliases.remove(alias, of: room) }
      guard error == .roomInUse else { throw RoomError(error) }
      return nil
    }
  }

  private func newAlias(_ name: String?) throws -> RoomAlias? {
    guard let name else { return nil }
    guard !name.isEmpty, !name.contains(where: { $0 == ":" || $0 == "#" || $0.isWhitespace }),
      let alias = RoomAlias("#\(name):\(serverName.text)")
    else { throw RoomError.invalid("room_alias_name") }
    return alias
  }

  /// The first event of a new room, which has the room's id.
  func createEvent(version: RoomVersion, content: [UInt8], by creator: UserID) throws -> Event {
    var roomID: RoomID?
    if !version.rules.roomIDIsCreateHash {
      let name = SecureRandom.string(Self.roomIDLength)
      roomID = RoomID("!\(name):\(serverName.text)")
    }
    let template = EventTemplate(
      version: version, roomID: roomID, sender: creator, type: EventType.create,
      stateKey: "", content: content, prevEvents: [], authEvents: [], depth: 1,
      originServerTimestamp: times.next(after: clock.now()))
    do {
      return try template.build(serverName: serverName, key: signingKey)
    } catch {
      throw RoomError.badContent("`creation_content` cannot be used")
    }
  }

  /// The second event of a new room.
  func join(of creator: UserID) async -> EventIntent {
    let content = await MemberContent.make("join", of: creator, profiles: profiles)
    return EventIntent(
      type: EventType.member, stateKey: creator.text, sender: creator, content: content.bytes)
  }

  private func intents(_ state: NewRoomState) async throws -> [EventIntent] {
    let settings: [RoomOptions.State]
    do {
      settings = try state.settings
    } catch {
      throw RoomError.badContent("`power_level_content_override` cannot be used")
    }
    let creator = state.creator
    var join = await join(of: creator)
    join.transaction = TransactionKey(
      userID: creator, deviceID: "",
      transactionID: SecureRandom.string(Self.transactionLength), endpoint: EventType.create)
    var intents = [join]
    intents += settings.map { setting in
      EventIntent(
        type: setting.type, stateKey: setting.stateKey, sender: creator,
        content: setting.content)
    }
    for invited in state.options.invites where invited != creator {
      var content = await MemberContent.make("invite", of: invited, profiles: profiles)
      if state.options.isDirect { content["is_direct"] = true }
      intents.append(
        EventIntent(
          type: EventType.member, stateKey: invited.text, sender: creator, content: content.bytes))
    }
    return intents
  }
}

/// Times for create events, no two the same: from room version 12 on a room's id is the hash of
/// its create event, so that rooms made by one user in the same millisecond would be one room.
private final class CreationTimes: Sendable {
  private let last = Mutex<Int64>(.min)

  /// - Parameter now: milliseconds since the epoch.
  func next(after now: Int64) -> Int64 {
    last.withLock { last in
      last = max(now, last + 1)
      return last
    }
  }
}
