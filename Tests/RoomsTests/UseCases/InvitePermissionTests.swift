import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// Who wants no invitations gets none, in whatever way one is sent.
struct InvitePermissionTests {
  private struct Blocks: InvitePermissions {
    let users: Set<UserID>

    func blocking(_ users: [UserID]) async throws -> Set<UserID> {
      self.users.intersection(users)
    }
  }

  private static let carol = "@carol:a.example"

  private func user(_ text: String) throws -> UserID { try RoomFixture.user(text) }

  private func blocks() throws -> Blocks { Blocks(users: [try user(RoomFixture.bob)]) }

  @Test func invitationsAreRefused() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let (alice, bob, carol) = (
        try user(RoomFixture.alice), try user(RoomFixture.bob), try user(Self.carol)
      )
      let membership = world.membership(invitations: try blocks())
      try await membership.invite(carol, to: room, by: alice, reason: nil)
      await #expect(throws: RoomError.inviteBlocked(bob)) {
        try await membership.invite(bob, to: room, by: alice, reason: nil)
      }
      #expect(try await world.memberships.membership(of: bob, in: room) == nil)
    }
  }

  @Test func stateCannotInviteEither() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let (alice, bob) = (try user(RoomFixture.alice), try user(RoomFixture.bob))
      let send = SendEvent(
        persister: world.writer, aliases: world.aliases, states: world.states,
        invitations: try blocks())
      @Sendable func set(_ membership: String) async throws {
        _ = try await send.state(
          in: room, type: EventType.member, stateKey: bob.text,
          content: try JSONDocument(Array("{\"membership\":\"\(membership)\"}".utf8)).root,
          sender: alice)
      }
      await #expect(throws: RoomError.inviteBlocked(bob)) { try await set(Membership.invite) }
      try await set(Membership.ban)
    }
  }

  @Test func aRoomIsNotMadeWithThem() async throws {
    try await withWorld { world in
      let (alice, bob) = (try user(RoomFixture.alice), try user(RoomFixture.bob))
      let create = CreateRoom(
        persister: world.writer, aliases: world.aliases, profiles: world.profiles,
        invitations: try blocks(), serverName: world.serverName, signingKey: world.key,
        clock: world.clock)
      var options = RoomOptions()
      options.aliasName = "free"
      options.invites = [bob]
      await #expect(throws: RoomError.inviteBlocked(bob)) {
        try await create.create(options, by: alice)
      }
      options.invites = []
      #expect(try await create.create(options, by: alice).alias?.text == "#free:a.example")
    }
  }
}
