package import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Makes a user as mighty in a room as the mightiest user of this server there, in that one's name:
/// for administrators of the server.
///
/// spec: Synapse's admin API, make_room_admin
package struct GrantRoomPower: Sendable {
  /// Users in whose name it is tried: not everyone may change power levels.
  private static let tries = 10

  private let persister: any EventPersister
  private let states: StateStore
  private let memberships: MembershipStore
  private let membership: ChangeMembership
  private let serverName: ServerName

  package init(
    persister: any EventPersister, states: StateStore, memberships: MembershipStore,
    membership: ChangeMembership, serverName: ServerName
  ) {
    self.persister = persister
    self.states = states
    self.memberships = memberships
    self.membership = membership
    self.serverName = serverName
  }

  package enum Problem: Error, Sendable, Equatable {
    /// Nobody of this server who is in the room may change its power levels.
    case nobodyMay
  }

  /// Who is not in the room, and cannot come in by themselves, is invited.
  /// - Throws: `RoomError`, `Problem`.
  package func grant(_ user: UserID, in room: RoomID) async throws {
    let places = [.create, .powerLevels, .joinRules, StateTuple.member(user)]
    var state: [StateTuple: Event] = [:]
    for stored in try await states.current(places.map { (room, $0) }) {
      if let key = stored.event.stateTuple { state[key] = stored.event }
    }
    guard let create = state[.create] else { throw RoomError.unknownRoom }
    let grant = PowerGrant(user, levels: state[.powerLevels], create: create)
    let granter = try await give(grant, in: room)
    switch state[.member(user)]?.membership {
    case Membership.join, Membership.invite: return
    default: break
    }
    let rule = state[.joinRules]?.content["join_rule"]?.string
    if rule != JoinRule.public.rawValue {
      try await membership.invite(user, to: room, by: granter, reason: nil)
    }
  }

  /// - Returns: who has given it, or could have.
  private func give(_ grant: PowerGrant, in room: RoomID) async throws -> UserID {
    let candidates = grant.candidates(of: serverName)
    let joined = try await memberships.joined(to: [room], among: candidates.map(\.text))
    for granter in candidates.lazy.filter({ joined.contains($0.text) }).prefix(Self.tries) {
      guard let content = grant.content(by: granter) else { return granter }
      let intent = EventIntent(
        type: EventType.powerLevels, stateKey: "", sender: granter, content: content)
      do {
        _ = try await persister.persist(PersistRequest(roomID: room, intents: [intent]))
        return granter
      } catch {
        guard case .refused = error else { throw RoomError(error) }
      }
    }
    throw Problem.nobodyMay
  }
}
