import EventAuth
package import Executors
package import MatrixIdentifiers
import RoomEvents

/// The names by which rooms are found.
/// spec: client-server-api#room-aliases
package struct RoomDirectory: Sendable {
  private let aliases: AliasStore
  private let states: StateStore
  private let memberships: MembershipStore
  private let access: RoomAccess
  private let requiresMembership: Bool
  private let serverName: ServerName
  private let clock: any WallClock

  /// - Parameter requiresMembership: only members of a room may give it an alias.
  package init(
    aliases: AliasStore, states: StateStore, memberships: MembershipStore,
    requiresMembership: Bool, serverName: ServerName, clock: any WallClock
  ) {
    self.aliases = aliases
    self.states = states
    self.memberships = memberships
    self.requiresMembership = requiresMembership
    access = RoomAccess(memberships: memberships, states: states)
    self.serverName = serverName
    self.clock = clock
  }

  package func room(named alias: RoomAlias) async throws -> RoomID {
    guard let room = try await aliases.room(named: alias) else { throw RoomError.unknownAlias }
    return room
  }

  package func add(_ alias: RoomAlias, for room: RoomID, by user: UserID) async throws {
    guard alias.serverName == serverName else { throw RoomError.invalid("roomAlias") }
    if requiresMembership {
      guard try await memberships.membership(of: user, in: room)?.membership == "join" else {
        throw RoomError.refused(
          AuthRejection(rule: "alias-membership", reason: "You are not in the room"))
      }
    } else if try await states.current(room, .create) == nil {
      throw RoomError.unknownRoom
    }
    guard try await aliases.add(alias, for: room, by: user, now: clock.now()) else {
      throw RoomError.aliasTaken
    }
  }

  /// Its creator may remove an alias, and who may change the room's canonical alias.
  package func remove(_ alias: RoomAlias, by user: UserID) async throws {
    guard let room = try await aliases.room(named: alias) else { throw RoomError.unknownAlias }
    if try await aliases.creator(of: alias) != user {
      let create = try await states.current(room, .create)?.event
      let levels = PowerLevels(
        event: try await states.current(room, .powerLevels)?.event, create: create)
      let required = levels.required(type: EventType.canonicalAlias, isState: true)
      guard levels.level(of: user) >= required else {
        throw RoomError.refused(
          AuthRejection(
            rule: "alias-removal", reason: "You may not remove an alias that another made"))
      }
    }
    try await aliases.remove(alias, of: room)
  }

  package func aliases(of room: RoomID, for user: UserID) async throws -> [RoomAlias] {
    _ = try await access.extent(for: user, in: room)
    return try await aliases.aliases(of: room)
  }
}
