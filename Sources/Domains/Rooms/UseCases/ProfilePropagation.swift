package import Accounts
import Logging
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Tells a user's rooms about a new name or picture: they carry it in the user's member event.
package struct ProfilePropagation: ProfileChangeObserver {
  private let persister: any EventPersister
  private let memberships: MembershipStore
  private let states: StateStore
  private let logger: Logger

  package init(
    persister: any EventPersister, memberships: MembershipStore, states: StateStore
  ) {
    self.persister = persister
    self.memberships = memberships
    self.states = states
    logger = Logger(label: "apus.rooms")
  }

  /// A room that refuses keeps the old profile; the others get the new one.
  package func profileChanged(of requester: Requester, to profile: Profile) async throws {
    let user = requester.userID
    let rooms = try await memberships.rooms(of: user).map(\.roomID)
    let current = try await states.current(rooms.map { ($0, StateTuple.member(user)) })
    for stored in current {
      await update(stored, of: user, profile)
    }
  }

  private func update(_ stored: StoredEvent, of user: UserID, _ profile: Profile) async {
    var content = JSON(stored.event.content)
    // Who is in the room needs nobody any more who lets them in.
    content["join_authorised_via_users_server"] = nil
    content["displayname"] = profile.displayName.map { .string($0) }
    content["avatar_url"] = profile.avatarURL.map { .string($0) }
    let intent = EventIntent(
      type: EventType.member, stateKey: user.text, sender: user, content: content.bytes,
      requiredMemberships: [Membership.join])
    do {
      _ = try await persister.persist(
        PersistRequest(roomID: stored.event.roomID, intents: [intent]))
    } catch {
      logger.info(
        "a room did not take a new profile",
        metadata: ["room": "\(stored.event.roomID)", "error": "\(error)"])
    }
  }
}
