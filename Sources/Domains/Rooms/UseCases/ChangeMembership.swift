package import Accounts
import EventAuth
package import MatrixIdentifiers
package import MatrixJSON
import RoomEvents

/// Joins, invitations, departures and bans.
/// spec: client-server-api#room-membership
package struct ChangeMembership: Sendable {
  private let persister: any EventPersister
  private let memberships: MembershipStore
  private let restricted: RestrictedJoins
  private let follow: FollowRoom
  private let blocked: BlockedRooms
  private let profiles: Profiles
  private let invitations: (any InvitePermissions)?
  private let serverName: ServerName

  package init(
    persister: any EventPersister, memberships: MembershipStore, restricted: RestrictedJoins,
    follow: FollowRoom, blocked: BlockedRooms, profiles: Profiles,
    invitations: (any InvitePermissions)? = nil, serverName: ServerName
  ) {
    self.invitations = invitations
    self.blocked = blocked
    self.persister = persister
    self.memberships = memberships
    self.restricted = restricted
    self.follow = follow
    self.profiles = profiles
    self.serverName = serverName
  }

  /// - Parameter custom: an object whose members the user wants in the member event.
  package func join(
    _ room: RoomID, user: UserID, reason: String?, content custom: JSON = .object([:])
  ) async throws {
    try await refuseIfBlocked(room)
    var content = await MemberContent.make("join", of: user, profiles: profiles)
    for (key, value) in custom.object ?? [:] where !Self.ownMembers.contains(key) {
      content[key] = value
    }
    if let reason { content["reason"] = .string(reason) }
    let facts = try await restricted.facts(of: user, joining: room)
    if let authoriser = facts.authoriser {
      content["join_authorised_via_users_server"] = .string(authoriser.text)
    }
    do {
      try await change(user, in: room, by: user, content: content)
    } catch RoomError.notInRoom {
      throw RoomError.unknownRoom
    }
    if let predecessor = facts.predecessor {
      await follow.joined(room, user: user, predecessor: predecessor)
    }
  }

  /// Asks to be invited; asking again changes nothing.
  /// spec: client-server-api#knocking-on-rooms
  package func knock(_ room: RoomID, user: UserID, reason: String?) async throws {
    try await refuseIfBlocked(room)
    var content = await MemberContent.make(Membership.knock, of: user, profiles: profiles)
    if let reason { content["reason"] = .string(reason) }
    do {
      try await change(user, in: room, by: user, content: content)
    } catch RoomError.notInRoom {
      throw RoomError.unknownRoom
    }
  }

  package func invite(
    _ target: UserID, to room: RoomID, by sender: UserID, reason: String?
  ) async throws {
    guard target.serverName == serverName else { throw RoomError.remoteUser }
    try await refuseIfBlocked(room)
    try await invitations?.check([target])
    var content = await MemberContent.make("invite", of: target, profiles: profiles)
    if let reason { content["reason"] = .string(reason) }
    try await change(target, in: room, by: sender, content: content)
  }

  /// Leaves a room or declines an invitation; leaving again changes nothing.
  package func leave(_ room: RoomID, user: UserID, reason: String?) async throws {
    try await change(
      user, in: room, by: user, content: Self.content("leave", reason),
      from: ["join", "invite", "knock"], unless: "leave")
  }

  package func kick(
    _ target: UserID, from room: RoomID, by sender: UserID, reason: String?
  ) async throws {
    try await change(
      target, in: room, by: sender, content: Self.content("leave", reason),
      from: ["join", "invite", "knock"])
  }

  package func ban(
    _ target: UserID, from room: RoomID, by sender: UserID, reason: String?
  ) async throws {
    try await change(target, in: room, by: sender, content: Self.content("ban", reason))
  }

  package func unban(
    _ target: UserID, in room: RoomID, by sender: UserID, reason: String?
  ) async throws {
    try await change(
      target, in: room, by: sender, content: Self.content("leave", reason), from: ["ban"])
  }

  /// spec: client-server-api#post_matrixclientv3roomsroomidforget
  package func forget(_ room: RoomID, user: UserID) async throws {
    guard let row = try await memberships.membership(of: user, in: room) else {
      throw RoomError.unknownRoom
    }
    guard row.membership == "leave" || row.membership == "ban" else {
      throw RoomError.stillInRoom
    }
    _ = try await memberships.forget(room, by: user)
  }

  private func refuseIfBlocked(_ room: RoomID) async throws {
    guard try await blocked.blocker(of: room) != nil else { return }
    throw RoomError.refused(
      AuthRejection(rule: "blocked", reason: "This room has been blocked on this server"))
  }

  /// Members of a join's body, and of its event's content, that say something else than custom
  /// ones.
  private static let ownMembers: Set<String> = [
    "membership", "join_authorised_via_users_server", "third_party_invite",
    "third_party_signed", "is_direct", "reason",
  ]

  private static func content(_ membership: String, _ reason: String?) -> JSON {
    var content: [String: JSON] = ["membership": .string(membership)]
    if let reason { content["reason"] = .string(reason) }
    return .object(content)
  }

  /// - Parameters:
  ///   - required: the memberships for which the change makes sense.
  ///   - sufficient: the membership of a user for whom nothing has to be done.
  private func change(
    _ target: UserID, in room: RoomID, by sender: UserID, content: JSON,
    from required: Set<String>? = nil, unless sufficient: String? = nil
  ) async throws {
    let intent = EventIntent(
      type: EventType.member, stateKey: target.text, sender: sender, content: content.bytes,
      requiredMemberships: required)
    do {
      _ = try await persister.persist(PersistRequest(roomID: room, intents: [intent]))
    } catch .unknownRoom {
      throw RoomError.notInRoom
    } catch .wrongMembership(let current) where current == sufficient {
      return
    } catch {
      throw RoomError(error)
    }
  }
}

/// The content of member events that carry a profile.
enum MemberContent {
  static func make(_ membership: String, of user: UserID, profiles: Profiles) async -> JSON {
    var content: [String: JSON] = ["membership": .string(membership)]
    if let profile = try? await profiles.profile(of: user) {
      if let name = profile.displayName { content["displayname"] = .string(name) }
      if let avatar = profile.avatarURL { content["avatar_url"] = .string(avatar) }
    }
    return .object(content)
  }
}
