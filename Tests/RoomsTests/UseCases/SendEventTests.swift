import EventAuth
import Executors
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

struct SendEventTests {
  private func json(_ text: String) throws -> JSONView {
    try JSONDocument(Array(text.utf8)).root
  }

  private func transaction(_ name: String) throws -> TransactionKey {
    TransactionKey(
      userID: try RoomFixture.user(RoomFixture.alice), deviceID: "D", transactionID: name,
      endpoint: "m.room.message")
  }

  private func message(
    _ content: String, type: String = "m.room.message", in room: RoomID,
    transaction name: String = "t", _ world: World
  ) async throws -> EventID {
    try await world.send.message(
      in: room, type: type, content: try json(content),
      sender: try RoomFixture.user(RoomFixture.alice), transaction: try transaction(name))
  }

  private func state(
    _ content: String, type: String, key: String = "", in room: RoomID, _ world: World
  ) async throws -> EventID {
    try await world.send.state(
      in: room, type: type, stateKey: key, content: try json(content),
      sender: try RoomFixture.user(RoomFixture.alice))
  }

  @Test func messagesAreKeptInCanonicalForm() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let id = try await message("{ \"b\": 1,\n \"a\": \"\\u00e9\" }", in: room, world)
      #expect(try await message("{}", in: room, world) == id)
      let stored = try await world.stored(id)
      #expect(stored.event.content.rawBytes.elementsEqual(Array("{\"a\":\"é\",\"b\":1}".utf8)))
      #expect(stored.event.originServerTimestamp == world.clock.now())
    }
  }

  @Test func aTimestampMayBeGiven() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let id = try await world.send.message(
        in: room, type: "m.room.message", content: try json("{}"),
        sender: try RoomFixture.user(RoomFixture.alice), transaction: try transaction("t"),
        timestamp: 12_345)
      #expect(try await world.stored(id).event.originServerTimestamp == 12_345)
    }
  }

  @Test(arguments: ["[]", "1", "null", "{\"a\":1.5}", "{\"a\":9007199254740993}"])
  func badContentIsRefused(_ content: String) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let before = try await world.story(of: room).count
      do {
        _ = try await message(content, in: room, world)
        Issue.record("the content was taken")
      } catch RoomError.badContent {}
      #expect(try await world.story(of: room).count == before)
    }
  }

  @Test func theLargeAreRefused() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let text = String(repeating: "x", count: 66_000)
      await #expect(throws: RoomError.tooLarge) {
        try await message("{\"body\":\"\(text)\"}", in: room, world)
      }
      await #expect(throws: RoomError.tooLarge) {
        try await message("{}", type: String(repeating: "t", count: 256), in: room, world)
      }
    }
  }

  /// This server signs what its users send, so that a user who could name who vouches for a join
  /// would vouch for their own.
  @Test(arguments: RoomVersion.all.filter { $0.rules.allowsRestrictedJoins })
  func nobodyCanVouchForTheirOwnJoin(_ version: RoomVersion) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom(version)
      try await world.set(
        "m.room.join_rules", "", ["join_rule": "restricted", "allow": []], in: room)
      let join = try json(
        #"{"membership":"join","join_authorised_via_users_server":"\#(RoomFixture.alice)"}"#)
      let bob = try RoomFixture.user(RoomFixture.bob)
      func send() async throws -> EventID {
        try await world.send.state(
          in: room, type: EventType.member, stateKey: bob.text, content: join, sender: bob)
      }
      await #expect {
        _ = try await send()
      } throws: { error in
        guard case RoomError.refused(let rejection) = error else { return false }
        return rejection == AuthRejection(.joinNotAuthorised)
      }
      try await world.member(RoomFixture.bob, "invite", in: room, by: RoomFixture.alice)
      let event = try await world.stored(try await send()).event
      #expect(event.membership == "join")
      #expect(event.content["join_authorised_via_users_server"] == nil)
    }
  }

  @Test func aRoomThatDoesNotExistLooksLikeAnyOther() async throws {
    try await withWorld { world in
      let room = try RoomFixture.room("!nowhere:a.example")
      await #expect(throws: RoomError.notInRoom) { try await message("{}", in: room, world) }
    }
  }

  @Test(arguments: RoomFixture.versions)
  func redactionsAreMadeFromEitherEndpoint(_ version: RoomVersion) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom(version)
      let first = try await message("{\"body\":\"a\"}", in: room, transaction: "1", world)
      let second = try await message("{\"body\":\"b\"}", in: room, transaction: "2", world)
      let alice = try RoomFixture.user(RoomFixture.alice)
      let redaction = try await world.send.redaction(
        of: first, in: room, reason: "why", sender: alice, transaction: try transaction("3"))
      let other = try await message(
        "{\"redacts\":\"\(second.text)\"}", type: "m.room.redaction", in: room,
        transaction: "4", world)
      for (id, target, reason) in [(redaction, first, "why"), (other, second, nil)] {
        let stored = try await world.stored(id)
        #expect(stored.event.redacts == target)
        #expect(stored.event.content["reason"]?.string == reason)
        #expect(try await world.stored(target).redactedBy == id)
      }
      #expect(bodies(try await world.story(of: room)).isEmpty)
    }
  }

  @Test(arguments: ["{}", "{\"redacts\":1}", "{\"redacts\":\"none\"}"])
  func aRedactionNeedsATarget(_ content: String) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      do {
        _ = try await message(content, type: "m.room.redaction", in: room, world)
        Issue.record("the redaction was taken")
      } catch RoomError.badContent {}
    }
  }

  @Test(arguments: [
    "{}", "{\"membership\":1}", "{\"membership\":\"gone\"}", "{\"membership\":\"\"}",
  ])
  func memberEventsNeedAMembership(_ content: String) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      do {
        _ = try await state(
          content, type: "m.room.member", key: RoomFixture.alice, in: room, world)
        Issue.record("the event was taken")
      } catch RoomError.badContent {}
    }
  }

  @Test(
    arguments: [
      ("{\"alias\":\"#here:a.example\"}", nil),
      ("{\"alias\":\"#here:a.example\",\"alt_aliases\":[\"#also:a.example\"]}", nil),
      ("{}", nil), ("{\"alias\":null}", nil), ("{\"alias\":\"\"}", nil),
      ("{\"alt_aliases\":[]}", nil),
      (
        "{\"alias\":\"#there:a.example\"}",
        .badAlias("Room alias #there:a.example does not point to the room")
      ),
      (
        "{\"alias\":\"#nowhere:a.example\"}",
        .badAlias("Room alias #nowhere:a.example does not point to the room")
      ),
      (
        "{\"alt_aliases\":[\"#here:a.example\",\"#there:a.example\"]}",
        .badAlias("Room alias #there:a.example does not point to the room")
      ),
      ("{\"alias\":\"here\"}", .invalid("alias")), ("{\"alias\":1}", .invalid("alias")),
      ("{\"alt_aliases\":\"#here:a.example\"}", .invalid("alt_aliases")),
      ("{\"alt_aliases\":[1]}", .invalid("alt_aliases")),
      ("{\"alt_aliases\":[\"here\"]}", .invalid("alias")),
    ] as [(String, RoomError?)])
  func canonicalAliasesLeadToTheRoom(_ content: String, _ error: RoomError?) async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      let alice = try RoomFixture.user(RoomFixture.alice)
      for (alias, target) in [("here", room), ("also", room), ("there", other)] {
        try await world.directory.add(
          try present(RoomAlias("#\(alias):a.example"), "alias"), for: target, by: alice)
      }
      let send = {
        try await state(content, type: "m.room.canonical_alias", in: room, world)
      }
      if let error {
        await #expect(throws: error) { try await send() }
      } else {
        let id = try await send()
        let current = try await world.states.current(room, StateTuple("m.room.canonical_alias"))
        #expect(current?.event.eventID == id)
      }
    }
  }

  /// What the room has announced before may stay, wherever it leads by now.
  @Test func onlyNewAliasesAreChecked() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let alice = try RoomFixture.user(RoomFixture.alice)
      let names = try ["main", "one", "two"].map {
        try present(RoomAlias("#\($0):a.example"), "alias")
      }
      for name in names { try await world.directory.add(name, for: room, by: alice) }
      let announce = { (main: String, others: [String]) async throws in
        let content: JSON = [
          "alias": .string("#\(main):a.example"),
          "alt_aliases": .array(others.map { .string("#\($0):a.example") }),
        ]
        _ = try await world.send.state(
          in: room, type: "m.room.canonical_alias", stateKey: "",
          content: try JSONDocument(content.bytes).root, sender: alice)
      }
      try await announce("main", ["one"])
      for name in names.prefix(2) { try await world.directory.remove(name, by: alice) }
      try await announce("main", ["one", "two", "two"])
      try await announce("two", ["one"])
      // Each place on its own: what was an alternative may not become the main one.
      await #expect(throws: RoomError.self) { try await announce("one", []) }
      await #expect(throws: RoomError.self) { try await announce("main", ["one"]) }
      await #expect(throws: RoomError.self) { try await announce("two", ["main", "one"]) }
      try await announce("two", [])
      await #expect(throws: RoomError.self) { try await announce("two", ["one"]) }
    }
  }
}
