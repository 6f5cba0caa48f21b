import Ephemera
import Executors
import MatrixIdentifiers
import MatrixJSON
import Postgres
import Rooms
import Streams
import TestKit
import Testing

@testable import Sync

struct PresenceProviderTests {
  private static let insert = Statement(
    "test_insert_membership",
    """
    INSERT INTO room_memberships
      (user_id, room_id, membership, event_id, sender, stream_ordering, writer)
    VALUES ($1, $2, $3, '$e', $1, 1, 1)
    """)

  /// Carol is in one room with Alice, and Dave in none.
  private struct Scene: Sendable {
    let values: LatestValues
    let audience: PresenceAudience
    let clock = ManualClock(1_700_000_000_000)
    let world: ProviderWorld

    init(_ world: ProviderWorld) async throws {
      self.world = world
      values = LatestValues(
        .presence, writer: WriterID(raw: 1), bus: InMemoryBus(), owner: world.owner, clock: clock)
      let events = EventStore(database: world.database).streamDefinition()
      let hub = ReplicationHub(
        bus: InMemoryBus(), database: world.database, instanceName: "presence",
        logger: TestPostgres.logger)
      let memberships = MembershipStore(database: world.database)
      audience = PresenceAudience(
        memberships: memberships,
        joinedRooms: JoinedRooms(memberships: memberships, events: hub.makeReader(events)))
      for (user, room, membership) in [
        (World.carol, ProviderQuestion.here, "join"), (World.bob, ProviderQuestion.there, "leave"),
        (World.bob, "!elsewhere:a.example", "join"),
      ] {
        _ = try await world.database.query(
          insert, [.text(user), .text(room), .text(membership)])
      }
    }

    func provider(tellsOfflineUsers: Bool = false) -> PresenceProvider {
      PresenceProvider(
        values: values, audience: audience, waker: world.waker,
        tellsOfflineUsers: tellsOfflineUsers, clock: clock)
    }

    func set(_ user: String, _ state: PresenceState) {
      let record = PresenceRecord(state: state, lastActive: clock.now() - 5)
      values.set([(user, record.encoded)])
    }
  }

  private func told(_ news: SyncNews) -> [String: String] {
    news.presence.reduce(into: [:]) { told, bytes in
      guard let root = try? JSONDocument(bytes).root, let sender = root["sender"]?.string else {
        return
      }
      told[sender] = root["content"]?["presence"]?.string
    }
  }

  @Test func onlyThoseInACommonRoomAreTold() async throws {
    try await withProviderWorld { world in
      let scene = try await Scene(world)
      let (provider, start) = (scene.provider(), VectorToken(minimum: 1))
      for user in [World.alice, World.bob, World.carol] { scene.set(user, .online) }
      let (first, since) = try await provider.news(ProviderQuestion(), since: start)
      #expect(told(first) == [World.alice: "online", World.carol: "online"])
      #expect(try await provider.news(ProviderQuestion(), since: since).0.isEmpty)
      scene.set(World.carol, .offline)
      let (second, _) = try await provider.news(ProviderQuestion(), since: since)
      #expect(told(second) == [World.carol: "offline"])
    }
  }

  @Test func aFirstSyncTellsWhoIsThere() async throws {
    try await withProviderWorld { world in
      let scene = try await Scene(world)
      scene.set(World.carol, .online)
      scene.set(World.alice, .unavailable)
      let (first, _) = try await scene.provider().news(ProviderQuestion(), since: nil)
      #expect(told(first) == [World.alice: "unavailable", World.carol: "online"])
      scene.set(World.carol, .offline)
      let (second, _) = try await scene.provider().news(ProviderQuestion(), since: nil)
      #expect(told(second) == [World.alice: "unavailable"])
      let (third, _) = try await scene.provider(tellsOfflineUsers: true).news(
        ProviderQuestion(), since: nil)
      #expect(told(third)[World.carol] == "offline")
    }
  }

  @Test func aRoomThatIsEnteredBringsItsMembers() async throws {
    try await withProviderWorld { world in
      let scene = try await Scene(world)
      scene.set(World.carol, .online)
      var question = ProviderQuestion()
      question.entered = [ProviderQuestion.here]
      let provider = scene.provider()
      let (news, _) = try await provider.news(question, since: provider.current)
      #expect(told(news) == [World.carol: "online"])
    }
  }

  @Test(arguments: [
    ("{\"presence\":{\"types\":[]}}", []),
    ("{\"presence\":{\"not_senders\":[\"\(World.carol)\"]}}", [World.alice]),
    ("{\"presence\":{\"senders\":[\"\(World.carol)\"]}}", [World.carol]),
    ("{\"room\":{\"rooms\":[]}}", [World.alice, World.carol]),
  ])
  func filtersChoose(filter: String, users: [String]) async throws {
    try await withProviderWorld { world in
      let scene = try await Scene(world)
      for user in [World.alice, World.carol] { scene.set(user, .online) }
      let question = ProviderQuestion(filter: try SyncFilter(filter))
      let (news, _) = try await scene.provider().news(question, since: VectorToken(minimum: 1))
      #expect(told(news).keys.sorted() == users)
    }
  }

  @Test func newsWakeThoseTheyConcern() async throws {
    try await withProviderWorld { world in
      let scene = try await Scene(world)
      let waiters = ["near", "far"].map { _ in Waiter<Bool>() }
      let (alice, dave) = (
        try present(UserID(World.alice), "user id"), try present(UserID("@dave:a.example"), "user")
      )
      let here = try present(RoomID(ProviderQuestion.here), "room id")
      world.waker.memory.withState { state in
        state.waiters[alice] = [ObjectIdentifier(waiters[0]): waiters[0]]
        state.waiters[dave] = [ObjectIdentifier(waiters[1]): waiters[1]]
        state.usersByRoom[here] = [alice]
      }
      let provider = scene.provider()
      try await whileRunning([{ await scene.audience.run(world.waker) }]) {
        scene.set(World.carol, .online)
        #expect(await waiters[0].value(within: .seconds(10), otherwise: false))
        #expect(await waiters[1].value(within: .zero, otherwise: false) == false)
        #expect(provider.current.minimum > 0)
      }
    }
  }
}
