import MatrixIdentifiers
import MatrixJSON
import TestKit
import Testing

@testable import Rooms
@testable import Sync

/// Filters that ask for events to which others belong.
struct RelatedEventsTests {
  private static let threads = #"{"room":{"timeline":{"related_by_rel_types":["m.thread"]}}}"#

  /// A worker whose queries are counted.
  private struct Scene: Sendable {
    let world: World
    let room: RoomID
    let engine: SyncEngine
    let queries: CountingDatabase

    init(_ world: World) async throws {
      self.world = world
      queries = CountingDatabase(world.database)
      engine = SyncEngine(
        reader: world.main.reader, database: queries, executor: TestLoop.executor,
        clock: world.clock)
      room = try await world.makeRoom()
    }

    func answer(_ parent: EventID, _ type: String, by sender: String = World.alice) async throws {
      let content: JSON = [
        "body": .string(type), "msgtype": "m.text",
        "m.relates_to": ["rel_type": .string(type), "event_id": .string(parent.text)],
      ]
      try await world.write(
        [
          EventIntent(
            type: "m.room.message", sender: try world.user(sender), content: content.bytes)
        ], in: room)
    }

    func sync(_ filter: String, since: SyncToken? = nil) async throws -> Answer {
      try Answer(
        try await engine.sync(
          SyncRequest(
            userID: try world.user(World.alice), deviceID: "D", since: since, timeout: .zero,
            fullState: false, filter: try SyncFilter(filter))))
    }

    func bodies(_ filter: String) async throws -> [String]? {
      try await sync(filter).joined(room)?.bodies
    }

    /// How often it was asked what belongs to events, since the last call.
    func questions() -> Int {
      queries.taken().count { $0 == "relations_parents" }
    }
  }

  @Test func bothDemandsAreHeeded() async throws {
    try await withWorld { world in
      let scene = try await Scene(world)
      try await world.member(World.bob, "join", in: scene.room)
      let (one, two) = (
        try await world.say("one", in: scene.room), try await world.say("two", in: scene.room)
      )
      try await scene.answer(one, "m.reference")
      try await scene.answer(two, "m.thread", by: World.bob)
      for (demand, bodies) in [
        (#""related_by_rel_types":["m.thread","m.reference"]"#, ["one", "two"]),
        (#""related_by_rel_types":["m.reference"]"#, ["one"]),
        (#""related_by_senders":["\#(World.bob)"]"#, ["two"]),
        (#""related_by_senders":["\#(World.bob)"],"related_by_rel_types":["m.reference"]"#, []),
        (#""related_by_rel_types":["m.thread"],"not_senders":["\#(World.alice)"]"#, []),
      ] {
        #expect(
          try await scene.bodies(#"{"room":{"timeline":{\#(demand)}}}"#) == bodies, "\(demand)")
      }
    }
  }

  /// An event that came with the stream has nothing until something comes that belongs to it.
  @Test func newEventsNeedNoQuestion() async throws {
    try await withWorld { world in
      let scene = try await Scene(world)
      try await world.say("before", in: scene.room)
      let first = try await scene.sync(Self.threads)
      #expect(first.joined(scene.room)?.bodies == [])
      #expect(first.joined(scene.room)?.state.isEmpty == false)
      #expect(scene.questions() == 0, "it is known of events that are loaded, too")
      let root = try await world.say("root", in: scene.room)
      let quiet = try await scene.sync(Self.threads, since: first.next)
      #expect(quiet.isEmpty && scene.questions() == 0)
      try await scene.answer(root, "m.thread")
      let news = try await scene.sync(Self.threads, since: first.next)
      #expect(news.joined(scene.room)?.bodies == ["root"])
      #expect(scene.questions() == 1)
      #expect(try await scene.sync("{}", since: first.next).joined(scene.room)?.bodies.count == 2)
      #expect(scene.questions() == 0)
    }
  }

  @Test func theyAreFoundInHistory() async throws {
    try await withWorld { world in
      let scene = try await Scene(world)
      let root = try await world.say("root", in: scene.room)
      try await world.say(1...RoomView.timelineCapacity, in: scene.room)
      try await scene.answer(root, "m.thread")
      let answer = try await scene.sync(Self.threads)
      #expect(answer.joined(scene.room)?.bodies == ["root"])
      #expect(answer.joined(scene.room)?.isLimited == false)
    }
  }

  @Test func stateThatIsLeftOutIsToldBeside() async throws {
    try await withWorld { world in
      let scene = try await Scene(world)
      let first = try await scene.sync(Self.threads)
      let root = try await world.say("root", in: scene.room)
      try await world.topic("new", in: scene.room)
      try await scene.answer(root, "m.thread")
      let news = try await scene.sync(Self.threads, since: first.next)
      #expect(news.joined(scene.room)?.bodies == ["root"])
      #expect(news.joined(scene.room)?.told("m.room.topic")?["content"]?["topic"]?.string == "new")
    }
  }
}
