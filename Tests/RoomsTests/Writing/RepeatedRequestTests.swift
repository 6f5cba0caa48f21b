import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// Every request may be repeated, because its answer may have been lost.
struct RepeatedRequestTests {
  @Test func aTransactionBecomesOneEvent() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let first = try await world.say("a", in: room, transaction: "t")
      let again = try await world.say("a", in: room, transaction: "t")
      // Even with other content: the name of the transaction counts.
      let other = try await world.say("b", in: room, transaction: "t")
      #expect(!first.isDuplicate && again.isDuplicate && other.isDuplicate)
      #expect(again.eventID == first.eventID && other.eventID == first.eventID)
      #expect(bodies(try await world.story(of: room)) == ["a"])
    }
  }

  @Test func aTransactionSentManyTimesAtOnceBecomesOneEvent() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let answers = try await withThrowingTaskGroup(of: PersistedEvent.self) { group in
        for _ in 0..<50 {
          group.addTask { try await world.say("a", in: room, transaction: "t") }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(answers.map(\.eventID)).count == 1)
      #expect(answers.filter { !$0.isDuplicate }.count == 1)
      #expect(bodies(try await world.story(of: room)) == ["a"])
    }
  }

  @Test func aTransactionTwiceInOneBatchBecomesOneEvent() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let request = PersistRequest(
        roomID: room,
        intents: [try RoomFixture.message("a", by: RoomFixture.alice, transaction: "t")])
      let answers = try await world.inOneBatch([request, request]).flatMap { try $0.get() }
      #expect(answers.map(\.isDuplicate) == [false, true])
      #expect(Set(answers.map(\.eventID)).count == 1)
      #expect(bodies(try await world.story(of: room)) == ["a"])
    }
  }

  /// Swift takes these for the same text.
  @Test func transactionsThatOnlyLookTheSameAreTwo() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let requests = try ["\u{e9}", "e\u{301}"].map { name in
        PersistRequest(
          roomID: room,
          intents: [try RoomFixture.message(name, by: RoomFixture.alice, transaction: name)])
      }
      let answers = try await world.inOneBatch(requests).flatMap { try $0.get() }
      #expect(answers.map(\.isDuplicate) == [false, false])
      let again = try await world.inOneBatch(requests).flatMap { try $0.get() }
      #expect(again.map(\.eventID) == answers.map(\.eventID))
      #expect(again.map(\.isDuplicate) == [true, true])
    }
  }

  @Test func aWriterThatForgotEverythingKnowsTheTransaction() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let first = try await world.say("a", in: room, transaction: "t")
      let intent = try RoomFixture.message("a", by: RoomFixture.alice, transaction: "t")
      let again = try await world.persistAfterRestart(
        PersistRequest(roomID: room, intents: [intent]))
      #expect(again.map(\.eventID) == [first.eventID])
      #expect(again.map(\.isDuplicate) == [true])
      #expect(bodies(try await world.story(of: room)) == ["a"])
    }
  }

  @Test func aTransactionIsItsDevicesRoomsAndEndpointsOwn() async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      try await world.member(RoomFixture.bob, "join", in: room)
      let first = try await world.say("a", in: room, transaction: "t")
      let elsewhere = try await world.say("a", in: other, transaction: "t")
      let byBob = try await world.say("a", in: room, by: RoomFixture.bob, transaction: "t")
      var intent = try RoomFixture.message("a", by: RoomFixture.alice)
      intent.transaction = TransactionKey(
        userID: intent.sender, deviceID: "another", transactionID: "t", endpoint: "m.room.message")
      let byDevice = try await world.persist(intent, in: room)
      intent.type = "m.sticker"
      intent.transaction = TransactionKey(
        userID: intent.sender, deviceID: "another", transactionID: "t", endpoint: "m.sticker")
      let ofType = try await world.persist(intent, in: room)
      let all = [first, elsewhere, byBob, byDevice, ofType]
      #expect(Set(all.map(\.eventID)).count == 5)
      #expect(all.allSatisfy { !$0.isDuplicate })
    }
  }

  @Test func aRefusedTransactionCanBeTriedAgain() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      await #expect(throws: PersistError.self) {
        try await world.say("early", in: room, by: RoomFixture.bob, transaction: "t")
      }
      try await world.member(RoomFixture.bob, "join", in: room)
      let answer = try await world.say("late", in: room, by: RoomFixture.bob, transaction: "t")
      #expect(!answer.isDuplicate)
      #expect(bodies(try await world.story(of: room)) == ["late"])
    }
  }

  @Test func equalStateIsTheEventThatExists() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let first = try await world.set("m.room.topic", "", ["topic": "a"], in: room)
      let again = try await world.set("m.room.topic", "", ["topic": "a"], in: room)
      let intent = try RoomFixture.state(
        "m.room.topic", "", ["topic": "a"], by: RoomFixture.alice)
      let afterRestart = try await world.persistAfterRestart(
        PersistRequest(roomID: room, intents: [intent]))
      #expect(!first.isDuplicate && again.isDuplicate)
      #expect(again.eventID == first.eventID)
      #expect(afterRestart.map(\.eventID) == [first.eventID])
      #expect(try await world.story(of: room).filter { $0.event.type == "m.room.topic" }.count == 1)
    }
  }

  private func creation(
    _ world: World, _ version: RoomVersion, transaction: String? = nil
  ) throws -> (RoomID, PersistRequest) {
    let create = try RoomFixture.createEvent(version, world.key, world.serverName)
    var join = try RoomFixture.state(
      "m.room.member", RoomFixture.alice, ["membership": "join"], by: RoomFixture.alice)
    join.transaction = transaction.map {
      TransactionKey(
        userID: join.sender, deviceID: "", transactionID: $0, endpoint: "m.room.create")
    }
    let request = PersistRequest(
      roomID: create.roomID, creation: RoomCreation(version: version, createEvent: create.bytes),
      intents: [
        join, try RoomFixture.state("m.room.topic", "", ["topic": "t"], by: RoomFixture.alice),
      ])
    return (create.roomID, request)
  }

  @Test(arguments: RoomFixture.versions)
  func aCreationAskedForAgainGivesTheSameRoom(_ version: RoomVersion) async throws {
    try await withWorld { world in
      let (room, request) = try creation(world, version)
      let first = try await world.writer.persist(request)
      let again = try await world.writer.persist(request)
      let afterRestart = try await world.persistAfterRestart(request)
      #expect(first.count == 3)
      #expect(again.map(\.eventID) == first.map(\.eventID))
      #expect(afterRestart.map(\.eventID) == first.map(\.eventID))
      #expect(again.allSatisfy { $0.isDuplicate })
      #expect(try await world.story(of: room).map(\.event.eventID) == first.map(\.eventID))
    }
  }

  /// The create event says who and when; what was asked for says the transaction.
  @Test func anotherRequestWithTheSameCreateEventIsRefused() async throws {
    try await withWorld { world in
      let (room, request) = try creation(world, .v12, transaction: "one")
      let (_, other) = try creation(world, .v12, transaction: "two")
      let together = try await world.inOneBatch([request, other])
      let first = try present(together.first, "answer").get()
      #expect(throws: PersistError.roomInUse) { try together[1].get() }
      await #expect(throws: PersistError.roomInUse) { try await world.writer.persist(other) }
      let again = try await world.persistAfterRestart(request)
      #expect(again.map(\.eventID) == first.map(\.eventID))
      #expect(again.allSatisfy { $0.isDuplicate })
      #expect(try await world.story(of: room).count == 3)
    }
  }

  @Test func creationsOfOneRoomAtOnceMakeIt() async throws {
    try await withWorld { world in
      let (room, request) = try creation(world, .v12)
      let answers = try await withThrowingTaskGroup(of: [PersistedEvent].self) { group in
        for _ in 0..<10 { group.addTask { try await world.writer.persist(request) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(answers.map { $0.map(\.eventID) }).count == 1)
      #expect(try await world.story(of: room).count == 3)
    }
  }

  @Test func anotherCreationOfTheSameIdIsRefused() async throws {
    try await withWorld { world in
      let (room, request) = try creation(world, .v11)
      _ = try await world.writer.persist(request)
      let before = try await world.story(of: room).count
      let other = try EventTemplate(
        version: .v11, roomID: room, sender: try RoomFixture.user(RoomFixture.bob),
        type: "m.room.create", stateKey: "", content: Array("{\"room_version\":\"11\"}".utf8),
        prevEvents: [], authEvents: [], depth: 1, originServerTimestamp: 5
      ).build(serverName: world.serverName, key: world.key)
      await #expect(throws: PersistError.roomInUse) {
        try await world.writer.persist(
          PersistRequest(
            roomID: room, creation: RoomCreation(version: .v11, createEvent: other.bytes),
            intents: [
              try RoomFixture.state(
                "m.room.member", RoomFixture.bob, ["membership": "join"], by: RoomFixture.bob)
            ]))
      }
      #expect(try await world.story(of: room).count == before)
    }
  }

  @Test func aCreationWhoseEventNamesAnotherRoomIsRefused() async throws {
    try await withWorld { world in
      let (_, request) = try creation(world, .v11)
      let elsewhere = PersistRequest(
        roomID: try RoomFixture.room("!other:a.example"), creation: request.creation,
        intents: request.intents)
      await #expect(throws: PersistError.self) { try await world.writer.persist(elsewhere) }
      #expect(try await world.number("rooms", "SELECT count(*) FROM rooms") == 0)
    }
  }
}
