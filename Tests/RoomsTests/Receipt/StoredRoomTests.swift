import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution
import Streams
import TestKit
import Testing

@testable import Rooms

/// Events of other servers, taken in by the writer.
struct StoredRoomTests {
  static let versions: [RoomVersion] = [.v1, .v2, .v6, .v11, .v12]

  private static func federated(_ seed: Int, steps: Int = 36) throws -> FederatedRoom {
    try FederatedRoom(seed: seed, version: versions[seed % versions.count], steps: steps)
  }

  private static func message(_ text: String) throws -> EventIntent {
    try RoomFixture.message(text, by: FederatedRoom.users[0])
  }

  private static func invalidations(_ world: World) async throws -> Int64? {
    try await world.number(
      "invalidations", "SELECT count(*) FROM cache_invalidations WHERE cache = 'room_histories'")
  }

  /// Where forks meet, what workers remember of the room is not what they were told event by event.
  @Test func meetingForksAreAnnounced() async throws {
    let total = Locked<Int64>(0)
    for seed in 5..<10 {
      let federated = try Self.federated(seed)
      try await withWorld { world in
        var room = try StoredRoom(federated, in: world)
        for event in federated.shuffled(seed) {
          let before = try await Self.invalidations(world)
          var followed = room.memory.current
          try await room.receive([ReceivedEvent(event: event, kind: .live)])
          if room.memory.events[event.eventID]?.standing == .accepted, let key = event.stateTuple {
            followed[key] = event.eventID
          }
          let isFollowed = followed == room.memory.current
          #expect(
            try await Self.invalidations(world) == before.map { $0 + (isFollowed ? 0 : 1) })
        }
        let count = try present(try await Self.invalidations(world), "count")
        total.withLock { $0 += count }
      }
    }
    #expect(total.withLock { $0 } > 0)
  }

  /// Forks, rejected and soft-failed events, in orders and portions of all kinds, by one writer or
  /// by one after the other.
  @Test(arguments: 0..<20)
  func theDatabaseHoldsWhatMemoryHolds(_ seed: Int) async throws {
    let federated = try Self.federated(seed)
    try await withWorld { world in
      var room = try StoredRoom(federated, in: world)
      var random = SeededRandom(UInt64(seed))
      var rest = (seed % 2 == 0 ? federated.events : federated.shuffled(seed))[...]
      while !rest.isEmpty {
        let portion = rest.prefix(1 + random.below(6))
        rest = rest.dropFirst(portion.count)
        try await room.receive(
          portion.map { ReceivedEvent(event: $0, kind: .live) }, isRestarted: seed % 3 == 0)
      }
      try await room.expectSame("seed \(seed)")
    }
  }

  /// An event of this server stands on all ends of a room, in the state that they come to.
  @Test(arguments: 0..<20)
  func thisServerGoesOnFromSeveralEnds(_ seed: Int) async throws {
    let federated = try Self.federated(seed + 100)
    try await withWorld { world in
      var room = try StoredRoom(federated, in: world)
      var random = SeededRandom(UInt64(seed))
      for event in federated.shuffled(seed) {
        let outcome = try await room.receive([ReceivedEvent(event: event, kind: .live)])
        guard outcome == [.stored(.accepted)], random.chance(20),
          room.memory.isJoined(FederatedRoom.users[0])
        else { continue }
        _ = try await room.send(try Self.message("m\(room.memory.events.count)"))
        if random.chance(50) {
          _ = try await room.send(
            try RoomFixture.state(
              "org.example.n", "", ["n": .integer(Int64(room.memory.events.count))],
              by: FederatedRoom.users[0]))
        }
      }
      try await room.expectSame("seed \(seed)")
    }
  }

  /// A room of another server with thirty messages upon one event.
  private static func roomWithManyEnds(
    _ version: RoomVersion, in world: World
  ) async throws -> RoomID {
    let creator = FederatedRoom.users[0]
    let maker = PDUMaker(version, creator: creator)
    let create = try maker.createEvent()
    var state: [StateTuple: EventID] = [.create: create.eventID]
    var draft = PDUMaker.Draft(sender: creator, type: EventType.member, stateKey: creator)
    (draft.content, draft.previous) = (["membership": "join"], [create.eventID])
    let join = try maker.make(draft, named: "join") { [state] in state[$0] }
    state[StateTuple(EventType.member, creator)] = join.eventID
    draft = PDUMaker.Draft(sender: creator, type: EventType.message, stateKey: nil)
    (draft.previous, draft.depth) = ([join.eventID], 2)
    let messages = try (0..<30).map { number in
      try maker.make(draft, named: "m\(number)") { [state] in state[$0] }
    }
    let room = try maker.room
    let outcomes = try await world.writer.receive(
      ReceiveRequest(
        roomID: room, version: version,
        events: ([create, join] + messages).map { ReceivedEvent(event: $0, kind: .live) }))
    #expect(outcomes.allSatisfy { $0 == .stored(.accepted) })
    return room
  }

  /// More ends than an event can name: those that are left over are taken up by the next.
  @Test(arguments: [RoomVersion.v1, .v11])
  func aRoomWithManyEndsCanBeWrittenTo(_ version: RoomVersion) async throws {
    try await withWorld { world in
      let room = try await Self.roomWithManyEnds(version, in: world)
      var counts: [Int] = []
      for number in 0..<3 {
        let sent = try await world.say("n\(number)", in: room, by: FederatedRoom.users[0])
        counts.append(try await world.stored(sent.eventID).event.prevEvents.count)
      }
      #expect(counts == [EventLimits.previousEvents, 11, 1])
      let heads = try await WriterStore(database: world.database).loadHeads([room])
      #expect(heads.first?.forwardExtremities.count == 1)
      // Forks of messages change nothing that workers remember.
      #expect(try await Self.invalidations(world) == 0)
    }
  }

  @Test func manyEndsAreJoinedByAnEventThatSaysNothing() async throws {
    try await withWorld { world in
      let room = try await Self.roomWithManyEnds(.v11, in: world)
      let ordinary = try await world.makeRoom()
      let ends = JoinEnds(
        database: world.database, persister: world.writer,
        serverName: try RoomFixture.user(FederatedRoom.users[0]).serverName)
      #expect(try await ends.rooms(after: "", limit: 10) == [room])
      #expect(try await ends.join(room))
      // An event takes up 20 ends; with 11 there are still too many.
      #expect(try await ends.rooms(after: "", limit: 10) == [room])
      #expect(try await ends.join(room))
      #expect(try await ends.rooms(after: "", limit: 10).isEmpty)
      #expect(try await ends.rooms(after: ordinary.text, limit: 10).isEmpty)
      // Clients are not told of it; who follows the stream is.
      #expect(try await world.story(of: room).allSatisfy { $0.event.type != EventType.dummy })
      let written = try await world.events.written(
        by: world.lease.writer, after: 0, upTo: .max, limit: 100)
      #expect(written.filter { $0.row.event.type == EventType.dummy }.count == 2)
    }
  }

  /// A join in the middle of a room's life: its state comes first, then what happens, then what
  /// had happened before.
  @Test(arguments: 0..<10)
  func aRoomThatIsJoinedLate(_ seed: Int) async throws {
    let federated = try Self.federated(seed)
    var full = MemoryRoom(federated.version)
    for event in federated.events { try full.receive(event) }
    let (events, start) = (federated.events, federated.events.count / 2)
    try await withWorld { [full] world in
      var room = try StoredRoom(federated, in: world)
      let early = events[..<start]
      try await room.receive(
        early.filter { $0.stateKey != nil }.map { ReceivedEvent(event: $0, kind: .outlier) })
      for event in events[start...] {
        let outcome = try await room.receive([ReceivedEvent(event: event, kind: .live)])
        guard case .missing(let previous, _) = outcome.first else { continue }
        try await room.receive([
          ReceivedEvent(
            event: event, kind: .live,
            toldStates: previous.compactMap { full.events[$0]?.stateAfter })
        ])
      }
      try await room.expectSame("seed \(seed), before its history")
      for event in early { try await room.receive([ReceivedEvent(event: event, kind: .history)]) }
      try await room.expectSame("seed \(seed)")
    }
  }

  /// What was received before is known, whatever comes with it again.
  @Test func repeatedRequestsChangeNothing() async throws {
    let federated = try Self.federated(2)
    try await withWorld { world in
      var room = try StoredRoom(federated, in: world)
      let all = federated.events.map { ReceivedEvent(event: $0, kind: .live) }
      let first = try await room.receive(all)
      let again = try await room.receive(all, isRestarted: true)
      for (outcome, known) in zip(first, again) {
        guard case .stored(let standing) = outcome else { continue }
        #expect(known == .known(standing))
      }
      try await room.expectSame()
    }
  }

  /// An event with the id of another room's, which the first room versions do not rule out.
  @Test func anEventOfAnotherRoomIsDropped() async throws {
    let federated = try Self.federated(0)
    try await withWorld { world in
      var room = try StoredRoom(federated, in: world)
      let event = try present(federated.events.first, "event")
      try await room.receive([ReceivedEvent(event: event, kind: .live)])
      var json = JSON(event.json)
      json["room_id"] = "!other:a"
      let other = try Event(bytes: json.bytes, version: .v1, eventID: event.eventID)
      let outcomes = try await world.writer.receive(
        ReceiveRequest(
          roomID: other.roomID, version: .v1, events: [ReceivedEvent(event: other, kind: .live)]))
      #expect(outcomes == [.dropped(.otherRoom)])
      try await room.expectSame()
    }
  }

  /// An event that the database refuses, in one batch with what users send.
  @Test func whatCannotBeStoredCostsOnlyItself() async throws {
    let maker = PDUMaker(.v11, creator: FederatedRoom.users[0])
    var draft = PDUMaker.Draft(sender: FederatedRoom.users[0], type: "a\0b", stateKey: nil)
    let create = try maker.createEvent()
    draft.previous = [create.eventID]
    let event = try maker.make(draft, named: "bad") { $0 == .create ? create.eventID : nil }
    let request = ReceiveRequest(
      roomID: try maker.room, version: .v11,
      events: [create, event].map { ReceivedEvent(event: $0, kind: .live) })
    try await withWorld { world in
      let room = try await world.makeRoom()
      let message = try RoomFixture.message("hello", by: RoomFixture.alice)
      let writer = world.anotherWriter()
      async let received = try? writer.receive(request)
      try await eventually { await writer.queue.count == 1 }
      async let sent = writer.persist(PersistRequest(roomID: room, intents: [message]))
      try await eventually { await writer.queue.count == 2 }
      try await whileRunning([{ await writer.run() }]) {
        try await eventually {
          try await world.story(of: room).contains { $0.event.type == EventType.message }
        }
      }
      #expect(await received == nil)
      let event = try present(try await sent.first, "answer")
      #expect(try await world.stored(event.eventID).event.type == EventType.message)
      #expect(try await world.number("rooms", "SELECT count(*) FROM rooms") == 1)
    }
  }

  /// Clients are told of what is accepted as news, in order, and of nothing else.
  @Test func whatIsAcceptedIsPublished() async throws {
    let federated = try Self.federated(3)
    try await withWorld { world in
      var room = try StoredRoom(federated, in: world)
      try await room.receive(federated.events.map { ReceivedEvent(event: $0, kind: .live) })
      _ = try await room.send(try Self.message("last"))
      let expected = federated.events.map(\.eventID).filter {
        room.memory.events[$0]?.standing == .accepted
      }
      try await eventually { world.delivered.withLock { $0.count } == expected.count + 1 }
      let told = world.delivered.withLock { $0 }
      #expect(told.dropLast().map(\.event.eventID) == expected)
      #expect(told.map(\.streamOrdering) == told.map(\.streamOrdering).sorted())
      let stored = try await world.story(of: room.id).map(\.event.eventID)
      #expect(stored == told.map(\.event.eventID))
    }
  }
}

extension MemoryRoom {
  fileprivate func isJoined(_ user: String) -> Bool {
    current[StateTuple(EventType.member, user)].flatMap { events[$0]?.event.membership }
      == Membership.join
  }
}
