import EventAuth
package import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Finds what a join depends on: who vouches for it where a room lets in the members of other rooms.
/// spec: client-server-api#restricted-rooms
package struct RestrictedJoins: Sendable {
  /// Conditions of one join rule that are looked at.
  static let conditionLimit = 100
  /// Members who might vouch, asked for at once.
  private static let candidateLimit = 100

  private let states: StateStore
  private let conditions: JoinConditionStore
  private let serverName: ServerName

  package init(states: StateStore, conditions: JoinConditionStore, serverName: ServerName) {
    self.states = states
    self.conditions = conditions
    self.serverName = serverName
  }

  struct Facts {
    /// Nil when nobody has to vouch: the room's other rules decide.
    var authoriser: UserID?
    /// The room that this one took the place of; nil also for a user who is in the room already.
    var predecessor: RoomID?
  }

  /// - Throws: `RoomError.refused` for a user who meets no condition, `.unableToAuthoriseJoin` when
  ///   this server cannot tell, `.unableToGrantJoin` when nobody here may let the user in.
  func facts(of user: UserID, joining room: RoomID) async throws -> Facts {
    let keys = [StateTuple.joinRules, .powerLevels, .create, .member(user)]
    var state: [StateTuple: Event] = [:]
    for stored in try await states.current(keys.map { (room, $0) }) {
      if let key = stored.event.stateTuple { state[key] = stored.event }
    }
    let membership = state[.member(user)]?.membership
    guard membership != Membership.join else { return Facts() }
    var facts = Facts()
    facts.predecessor = state[.create]?.content["predecessor"]?["room_id"]?.string
      .flatMap { RoomID($0) }
    guard let rule = state[.joinRules], Self.isRestricted(rule),
      membership != Membership.invite, membership != Membership.ban
    else { return facts }
    try await checkConditions(of: rule, user)
    let levels = PowerLevels(event: state[.powerLevels], create: state[.create])
    facts.authoriser = try await authoriser(
      in: room, levels, named: state[.powerLevels], RoomCreators(state[.create]))
    guard facts.authoriser != nil else { throw RoomError.unableToGrantJoin }
    return facts
  }

  private static func isRestricted(_ event: Event) -> Bool {
    guard let rule = event.content["join_rule"]?.string.flatMap({ JoinRule(rawValue: $0) }),
      event.version.rules.joinRules.contains(rule)
    else { return false }
    return rule == .restricted || rule == .knockRestricted
  }

  private func checkConditions(of rule: Event, _ user: UserID) async throws {
    let named: [RoomID] =
      rule.content["allow"]?.elements.prefix(Self.conditionLimit).compactMap { condition in
        guard condition["type"]?.string == "m.room_membership" else { return nil }
        return condition["room_id"]?.string.flatMap { RoomID($0) }
      } ?? []
    if try await conditions.isJoined(user, toAnyOf: named) { return }
    // Of rooms that nobody here is in, others may know more.
    guard try await conditions.isKnown(anyOf: named) else {
      throw RoomError.unableToAuthoriseJoin
    }
    throw RoomError.refused(
      AuthRejection(
        rule: "join.conditions",
        reason: "You belong to none of the rooms whose members may join this room"))
  }

  /// The most powerful of those whom the power levels name, else any member of this server.
  private func authoriser(
    in room: RoomID, _ levels: PowerLevels, named: Event?, _ creators: RoomCreators
  ) async throws -> UserID? {
    let users = named?.content["users"]?.members.compactMap { UserID($0.key) } ?? []
    let mighty = (creators.users + users)
      .filter { $0.serverName == serverName && levels.level(of: $0) >= levels.invite }
      .sorted { levels.level(of: $0) > levels.level(of: $1) }
      .prefix(Self.candidateLimit)
    let joined = try await conditions.joined(among: Array(mighty), in: room)
    if let found = mighty.first(where: { joined.contains($0) }) { return found }
    let others = try await conditions.joined(
      in: room, of: serverName, limit: Self.candidateLimit)
    return others.first { levels.level(of: $0) >= levels.invite }
  }
}
