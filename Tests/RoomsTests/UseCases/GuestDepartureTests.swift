import MatrixIdentifiers
import MatrixJSON
import Postgres
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// A room that is closed to guests has none any more.
struct GuestDepartureTests {
  private static let insert = Statement(
    "test_insert_accounts",
    """
    INSERT INTO users (user_id, created_at, is_guest)
    SELECT id, 0, guest FROM unnest($1::text[], $2::boolean[]) AS u (id, guest)
    """)

  /// A room with guests and Bob.
  private struct Scene: Sendable {
    let world: World
    let room: RoomID
    let send: SendEvent

    init(_ world: World, guests: Int) async throws {
      self.world = world
      room = try await world.makeRoom()
      send = SendEvent(
        persister: world.writer, aliases: world.aliases, states: world.states,
        guests: GuestStore(database: world.database))
      let users = (1...guests).map { "@\($0):a.example" } + [RoomFixture.bob]
      _ = try await world.database.query(
        insert, [.texts(users), .bools(users.map { $0 != RoomFixture.bob })])
      let joins = try users.map { user in
        try RoomFixture.state(EventType.member, user, ["membership": "join"], by: user)
      }
      _ = try await world.writer.persist(PersistRequest(roomID: room, intents: joins))
    }

    func setAccess(_ value: String, by sender: String = RoomFixture.alice) async throws -> EventID {
      try await send.state(
        in: room, type: EventType.guestAccess, stateKey: "",
        content: try JSONDocument(JSON.object(["guest_access": .string(value)]).bytes).root,
        sender: try RoomFixture.user(sender))
    }

    func members() async throws -> [String] {
      try await world.read.joinedMembers(
        of: room, for: try RoomFixture.user(RoomFixture.alice)
      ).compactMap(\.event.stateKey).sorted()
    }
  }

  private static let others = [RoomFixture.alice, RoomFixture.bob]

  /// More than one request takes.
  @Test(arguments: [2, 101]) func theyLeave(guests: Int) async throws {
    try await withWorld { world in
      let scene = try await Scene(world, guests: guests)
      #expect(try await scene.members().count == guests + 2)
      let event = try await scene.setAccess("forbidden")
      let current = try await world.states.current(
        scene.room, StateTuple(EventType.guestAccess, ""))
      #expect(current?.event.eventID == event)
      #expect(try await scene.members() == Self.others)
    }
  }

  @Test func theyStayWhereTheRoomIsOpenOrWhoClosesItMayNot() async throws {
    try await withWorld { world in
      let scene = try await Scene(world, guests: 1)
      _ = try await scene.setAccess("can_join")
      await #expect(throws: RoomError.self) {
        _ = try await scene.setAccess("forbidden", by: RoomFixture.bob)
      }
      #expect(try await scene.members().count == 3)
    }
  }

  /// As a request that was repeated after the first part of its work had been done.
  @Test func closingAgainTakesThoseWhoAreLeft() async throws {
    try await withWorld { world in
      let scene = try await Scene(world, guests: 1)
      let closed = try RoomFixture.state(
        EventType.guestAccess, "", ["guest_access": "forbidden"], by: RoomFixture.alice)
      let first = try await world.writer.persist(
        PersistRequest(roomID: scene.room, intents: [closed]))
      #expect(try await scene.members().count == 3)
      #expect(try await scene.setAccess("forbidden") == first.first?.eventID)
      #expect(try await scene.members() == Self.others)
    }
  }
}
