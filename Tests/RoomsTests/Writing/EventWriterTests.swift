import Executors
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Streams
import TestKit
import Testing

@testable import Rooms

struct EventWriterTests {
  /// More than fit into two commits.
  private static let messages = EventWriter.batchLimit * 2 + 50

  /// Sends messages to the rooms in turn, all at once.
  private func sayAll(
    _ count: Int, in rooms: [RoomID], _ world: World
  ) async throws -> [(room: RoomID, body: String, answer: PersistedEvent)] {
    try await withThrowingTaskGroup(of: (RoomID, String, PersistedEvent).self) { group in
      for number in 0..<count {
        let room = rooms[number % rooms.count]
        group.addTask {
          (room, "m\(number)", try await world.say("m\(number)", in: room))
        }
      }
      return try await group.reduce(into: []) { $0.append(($1.0, $1.1, $1.2)) }
    }
  }

  private func makeRooms(_ count: Int, _ world: World) async throws -> [RoomID] {
    var rooms: [RoomID] = []
    for number in 0..<count {
      rooms.append(
        try await world.makeRoom(RoomFixture.versions[number % RoomFixture.versions.count]))
    }
    return rooms
  }

  @Test func everyAnswerOfManyAtOnceIsInTheDatabase() async throws {
    try await withWorld { world in
      let rooms = try await makeRooms(5, world)
      let said = try await sayAll(Self.messages, in: rooms, world)
      let stored = try await world.events.events(said.map(\.answer.eventID))
      let byID = Dictionary(uniqueKeysWithValues: stored.map { ($0.event.eventID, $0) })
      #expect(byID.count == Self.messages)
      for (room, body, answer) in said {
        let event = byID[answer.eventID]
        #expect(event?.event.roomID == room)
        #expect(event?.event.content["body"]?.string == body)
        #expect(event?.streamOrdering == answer.streamOrdering)
        #expect(event?.writer == answer.writer)
        #expect(!answer.isDuplicate)
      }
      #expect(Set(said.map(\.answer.streamOrdering)).count == Self.messages)
    }
  }

  @Test func aRoomIsAChain() async throws {
    try await withWorld { world in
      let rooms = try await makeRooms(3, world)
      _ = try await sayAll(Self.messages, in: rooms, world)
      for room in rooms {
        let story = try await world.story(of: room)
        #expect(story.first?.event.type == "m.room.create")
        for (earlier, later) in zip(story, story.dropFirst()) {
          #expect(later.event.prevEvents == [earlier.event.eventID])
          #expect(later.event.depth == earlier.event.depth + 1)
        }
        let head = try present(
          try await WriterStore(database: world.database).loadHeads([room]).first, "head")
        #expect(head.forwardExtremities == story.last.map { [$0.event.eventID] })
        #expect(head.depth == story.last?.event.depth)
      }
    }
  }

  @Test func theReaderGetsAllRowsInOrder() async throws {
    try await withWorld { world in
      let rooms = try await makeRooms(3, world)
      let said = try await sayAll(Self.messages, in: rooms, world)
      let delivered = world.delivered.withLock { $0 }
      let orderings = delivered.map(\.streamOrdering)
      #expect(zip(orderings, orderings.dropFirst()).allSatisfy { $0 < $1 })
      let all = try await world.number("events", "SELECT count(*) FROM events")
      #expect(Int64(delivered.count) == all)
      #expect(Set(delivered.map(\.event.eventID)).isSuperset(of: said.map(\.answer.eventID)))
      let last = try present(orderings.last, "ordering")
      #expect(world.reader.current.covers(world.lease.writer, last))
      let position = try await world.number(
        "position", "SELECT position FROM stream_positions WHERE stream = 'events'")
      #expect(position == last)
    }
  }

  @Test func whatTheReaderGetsIsWhatIsStored() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.set("m.room.topic", "", ["topic": "a"], in: room)
      try await world.set("m.room.topic", "", ["topic": "b"], in: room)
      try await world.say("hello", in: room, transaction: "t")
      let now = world.clock.now()
      let sender = EventReader(userID: try RoomFixture.user(RoomFixture.alice), deviceID: "D")
      let delivered = world.delivered.withLock { $0 }
      let stored = try await world.story(of: room)
      #expect(
        delivered.map { ClientEvent.bytes($0, reader: sender, now: now) }
          == stored.map { ClientEvent.bytes($0, reader: sender, now: now) })
      #expect(delivered.last?.transaction?.transactionID == "t")
    }
  }

  @Test func intentsOfOneRequestTakeEffectTogetherOrNotAtAll() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let before = try await world.story(of: room).count
      let answers = try await world.inOneBatch([
        PersistRequest(
          roomID: room, intents: [try RoomFixture.message("first", by: RoomFixture.alice)]),
        PersistRequest(
          roomID: room,
          intents: [
            try RoomFixture.message("kept?", by: RoomFixture.alice),
            try RoomFixture.message("an outsider's", by: RoomFixture.bob),
          ]),
        PersistRequest(
          roomID: room, intents: [try RoomFixture.message("last", by: RoomFixture.alice)]),
      ])
      #expect(throws: PersistError.self) { try answers[1].get() }
      let story = try await world.story(of: room)
      #expect(story.count == before + 2)
      #expect(bodies(story) == ["first", "last"])
      #expect(
        try [answers[0], answers[2]].map { try $0.get().map(\.eventID) }
          == story.suffix(2).map { [$0.event.eventID] })
      #expect(story.last?.event.prevEvents == story.dropLast().suffix(1).map(\.event.eventID))
    }
  }

  @Test func anUnknownRoomIsTold() async throws {
    try await withWorld { world in
      let room = try RoomFixture.room("!nowhere:a.example")
      await #expect(throws: PersistError.unknownRoom) {
        try await world.writer.persist(
          PersistRequest(
            roomID: room, intents: [try RoomFixture.message("x", by: RoomFixture.alice)]))
      }
    }
  }

  /// Postgres takes no NUL in texts, and no index entry beyond a third of a page.
  @Test(arguments: ["type", "state_key", "transaction", "long transaction"])
  func whatTheDatabaseCannotHoldHarmsNobodyElse(_ place: String) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      var random = SeededRandom(7)
      let long = String(
        (0..<6000).map { _ in "abcdefghijklmnop0123456789".randomElement(using: &random) ?? "x" })
      var intent = try RoomFixture.message(
        "bad", by: RoomFixture.alice,
        transaction: place == "transaction" ? "a\0b" : place == "long transaction" ? long : "t")
      if place == "type" { intent.type = "a\0b" }
      if place == "state_key" { intent.stateKey = "a\0b" }
      let request = PersistRequest(roomID: room, intents: [intent])
      let good = PersistRequest(
        roomID: room, intents: [try RoomFixture.message("good", by: RoomFixture.alice)])
      let answers = try await world.inOneBatch([request, good])
      #expect(throws: PersistError.self) { try answers[0].get() }
      let answer = try present(try answers[1].get().first, "answer")
      #expect(try await world.stored(answer.eventID).event.content["body"]?.string == "good")
    }
  }

  @Test func aWriterThatHasEndedRefuses() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let stopped = world.anotherWriter()
      try await whileRunning([{ await stopped.run() }]) {}
      let refusal = Locked<PersistError?>(nil)
      let persist = { @Sendable in
        do throws(PersistError) {
          _ = try await stopped.persist(PersistRequest(roomID: room, intents: []))
        } catch {
          refusal.withLock { $0 = error }
        }
      }
      // Not to wait for ever if nobody answers.
      try await whileRunning([persist]) {
        try await eventually { refusal.withLock { $0 != nil } }
      }
      #expect(refusal.withLock { $0 } == .unavailable(reason: "the worker is stopping"))
    }
  }
}
