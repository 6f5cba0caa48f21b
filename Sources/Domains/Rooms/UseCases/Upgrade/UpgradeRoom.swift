import EventAuth
package import Executors
import Logging
package import MatrixIdentifiers
import MatrixJSON
package import RoomEvents

/// Replaces a room by one of another version. Each step may be repeated, and the room that is to
/// come is noted before it is made: whoever asks again carries on where the upgrade was cut short.
/// spec: client-server-api#room-upgrades
package struct UpgradeRoom: Sendable {
  /// Bans, and rooms of a space, that are carried over.
  static let carriedLimit = 1000

  private let create: CreateRoom
  private let persister: any EventPersister
  private let rooms: OldRooms
  private let aliases: AliasStore
  private let upgrades: UpgradeStore
  private let follow: FollowRoom
  private let clock: any WallClock
  private let logger = Logger(label: "apus.rooms")

  package init(
    create: CreateRoom, persister: any EventPersister, rooms: OldRooms, aliases: AliasStore,
    upgrades: UpgradeStore, follow: FollowRoom, clock: any WallClock
  ) {
    self.create = create
    self.persister = persister
    self.rooms = rooms
    self.aliases = aliases
    self.upgrades = upgrades
    self.follow = follow
    self.clock = clock
  }

  /// - Returns: the new room.
  package func upgrade(
    _ room: RoomID, to version: RoomVersion, additionalCreators: [UserID], by user: UserID
  ) async throws -> RoomID {
    let (old, tombstone) = try await rooms.room(room, seenBy: user)
    guard
      old.levels.level(of: user)
        >= old.levels.required(type: EventType.tombstone, isState: true)
    else {
      throw RoomError.refused(
        AuthRejection(rule: "upgrade", reason: "You do not have permission to upgrade this room"))
    }
    let state = UpgradedState(
      old: old, version: version, upgrader: user,
      additionalCreators: additionalCreators.filter { $0 != user })
    let replacement = try await replacement(for: state)
    if tombstone?.sender == user,
      tombstone?.content["replacement_room"]?.stringEquals(replacement.roomID.text) == true
    {
      return replacement.roomID
    }
    try await make(replacement, state)
    try await aliases.move(from: room, to: replacement.roomID)
    try await bury(old, replacedBy: replacement.roomID, by: user)
    await follow.joined(replacement.roomID, user: user, predecessor: room)
    return replacement.roomID
  }

  private func replacement(for state: UpgradedState) async throws -> UpgradeStore.Replacement {
    let (room, user, version) = (state.old.roomID, state.upgrader, state.version)
    if let known = try await upgrades.replacement(of: room, by: user, version) { return known }
    let event = try create.createEvent(
      version: version, content: state.createContent.bytes, by: user)
    let new = UpgradeStore.Replacement(roomID: event.roomID, createEvent: event.bytes)
    try await upgrades.add(new, of: room, by: user, version, now: clock.now())
    // Another request may have been first.
    return try await upgrades.replacement(of: room, by: user, version) ?? new
  }

  private func make(
    _ replacement: UpgradeStore.Replacement, _ state: UpgradedState
  ) async throws {
    let join = await create.join(of: state.upgrader)
    let request = PersistRequest(
      roomID: replacement.roomID,
      creation: RoomCreation(version: state.version, createEvent: replacement.createEvent),
      intents: [join] + state.intents)
    do {
      _ = try await persister.persist(request)
    } catch {
      throw RoomError(error)
    }
  }

  /// Says in the old room where it went on. That it is quiet afterwards is not always possible.
  private func bury(_ old: OldRoom, replacedBy room: RoomID, by user: UserID) async throws {
    let tombstone: JSON = [
      "body": "This room has been replaced", "replacement_room": .string(room.text),
    ]
    do {
      try await set(EventType.tombstone, tombstone, in: old, by: user)
    } catch {
      throw RoomError(error)
    }
    var changes: [(type: String, content: JSON)] = []
    if old.settings[EventType.canonicalAlias] != nil {
      changes.append((EventType.canonicalAlias, [:]))
    }
    let levels = old.settings[EventType.powerLevels]
    if let quiet = levels.flatMap({ RetiredPowerLevels.content($0.content) }) {
      changes.append((EventType.powerLevels, quiet))
    }
    for change in changes {
      do {
        try await set(change.type, change.content, in: old, by: user)
      } catch {
        logger.info(
          "a replaced room did not take its last change",
          metadata: ["room": "\(old.roomID)", "type": "\(change.type)", "error": "\(error)"])
      }
    }
  }

  private func set(
    _ type: String, _ content: JSON, in old: OldRoom, by user: UserID
  ) async throws(PersistError) {
    let intent = EventIntent(type: type, stateKey: "", sender: user, content: content.bytes)
    _ = try await persister.persist(PersistRequest(roomID: old.roomID, intents: [intent]))
  }
}

/// Reads what is carried over from rooms that are upgraded.
package struct OldRooms: Sendable {
  private let states: StateStore
  private let events: EventStore
  private let memberships: MembershipStore
  private let upgrades: UpgradeStore

  package init(
    states: StateStore, events: EventStore, memberships: MembershipStore, upgrades: UpgradeStore
  ) {
    self.states = states
    self.events = events
    self.memberships = memberships
    self.upgrades = upgrades
  }

  /// - Throws: `RoomError.notInRoom` for a user who is not.
  func room(
    _ room: RoomID, seenBy user: UserID
  ) async throws -> (OldRoom, tombstone: Event?) {
    guard try await memberships.membership(of: user, in: room)?.membership == Membership.join else {
      throw RoomError.notInRoom
    }
    let types =
      OldRoom.types + [EventType.create, EventType.powerLevels, EventType.tombstone]
    let state = try await states.current(types.map { (room, StateTuple($0)) })
    var settings = Dictionary(state.map { ($0.event.type, $0.event) }) { first, _ in first }
    guard let create = settings.removeValue(forKey: EventType.create) else {
      throw RoomError.unknownRoom
    }
    let tombstone = settings.removeValue(forKey: EventType.tombstone)
    let bans = try await upgrades.bans(in: room, limit: UpgradeRoom.carriedLimit)
    var old = OldRoom(
      roomID: room, create: create, settings: settings, children: [],
      bans: try await events.events(bans),
      lastEvent: try await events.backwards(in: room, from: .max, limit: 1).first?.event.eventID)
    if old.isSpace {
      old.children = try await states.current(
        room, type: OldRoom.spaceChild, limit: UpgradeRoom.carriedLimit)
    }
    return (old, tombstone)
  }
}
