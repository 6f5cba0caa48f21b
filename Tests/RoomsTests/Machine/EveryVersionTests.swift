import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Streams
import TestKit
import Testing

@testable import Rooms

/// What every room must be able to do, whatever its version.
struct EveryVersionTests {
  private static func redaction(of target: EventID, by sender: String) throws -> EventIntent {
    EventIntent(
      type: "m.room.redaction", sender: try RoomFixture.user(sender),
      content: JSON.object(["reason": "why"]).bytes, redacts: target)
  }

  /// Create, join, message, state, redaction.
  @Test(arguments: RoomVersion.all) func theLifeOfARoom(_ version: RoomVersion) throws {
    var room = try RoomFixture(version: version)
    let create = try present(room.head.event(.create), "create event")
    let join = try room.event(
      try RoomFixture.state(
        "m.room.member", RoomFixture.bob, ["membership": "join"], by: RoomFixture.bob)
    ).event
    let message = try room.event(try RoomFixture.message("secret", by: RoomFixture.bob)).event
    let topic = try room.event(
      try RoomFixture.state("m.room.topic", "", ["topic": "t"], by: RoomFixture.alice)
    ).event
    let planned = try room.event(
      try Self.redaction(of: message.eventID, by: RoomFixture.alice),
      targets: [message.eventID: message])
    let redacted = try present(planned.redaction?.redacted, "redacted event")
    #expect(redacted.eventID == message.eventID)
    #expect(redacted.content["body"] == nil)
    #expect(planned.event.redacts == message.eventID)

    let story = [create, join, message, topic, planned.event]
    #expect(Set(story.map(\.eventID)).count == story.count)
    for (before, event) in zip(story.dropFirst(), story.dropFirst(2)) {
      #expect(event.prevEvents == [before.eventID])
      #expect(event.depth == before.depth + 1)
    }
    for event in story { try check(event, room) }
  }

  /// That another server takes the event as it was meant.
  private func check(_ event: Event, _ room: RoomFixture) throws {
    let received = try Event(bytes: event.bytes, version: event.version)
    #expect(received.eventID == event.eventID)
    #expect(received.prevEvents == event.prevEvents)
    #expect(received.authEvents == event.authEvents)
    #expect(EventHashes.contentHashMatches(received))
    #expect(requiredSigners(of: received) == [room.serverName])
    let key = try present(VerifyKey(room.key.publicKey), "key")
    #expect(
      EventHashes.verifySignature(
        of: received, server: room.serverName, keyID: room.key.keyID, publicKey: key))
    let statesID = event.version.rules.eventIDs == .stated
    #expect(event.eventID.serverName == (statesID ? room.serverName : nil))
  }

  @Test(arguments: RoomVersion.all)
  func referencesAreAsTheVersionHasThem(_ version: RoomVersion) throws {
    var room = try RoomFixture(version: version)
    let first = try room.event(try RoomFixture.message("1", by: RoomFixture.alice)).event
    let second = try room.event(try RoomFixture.message("2", by: RoomFixture.alice)).event
    let reference = try present(second.json["prev_events"]?[0], "reference")
    guard version.rules.referencesCarryHashes else {
      #expect(reference.string == first.eventID.text)
      #expect(room.head.extremityHashes.isEmpty)
      return
    }
    let hash = UnpaddedBase64.encode(EventHashes.referenceHash(of: first))
    #expect(JSON(reference) == [.string(first.eventID.text), ["sha256": .string(hash)]])
    for cited in try present(second.json["auth_events"], "auth events").elements {
      let id = try present(cited[0]?.string.flatMap { EventID($0) }, "id")
      let event = room.head.state.values.first { $0.eventID == id }?.event
      let expected = UnpaddedBase64.encode(EventHashes.referenceHash(of: try present(event, "e")))
      #expect(cited[1]?["sha256"]?.string == expected)
    }
  }

  @Test(arguments: RoomVersion.all)
  func aRefusedRequestLeavesTheExtremityAsItWas(_ version: RoomVersion) throws {
    var room = try RoomFixture(version: version)
    let last = try room.event(try RoomFixture.message("1", by: RoomFixture.alice)).event
    #expect(throws: PersistError.self) {
      _ = try room.apply([
        try RoomFixture.message("2", by: RoomFixture.alice),
        try RoomFixture.message("3", by: RoomFixture.bob),
      ])
    }
    let next = try room.event(try RoomFixture.message("4", by: RoomFixture.alice)).event
    #expect(next.prevEvents == [last.eventID])
  }

  @Test(arguments: RoomVersion.all)
  func theDeepestRoomIsStillWrittenTo(_ version: RoomVersion) throws {
    var room = try RoomFixture(version: version)
    room.head.depth = version.rules.maximumDepth
    let event = try room.event(try RoomFixture.message("x", by: RoomFixture.alice)).event
    #expect(event.depth == version.rules.maximumDepth)
  }

  @Test(arguments: RoomVersion.all)
  func ourUsersWritePowerLevelsAsIntegers(_ version: RoomVersion) throws {
    var room = try RoomFixture(version: version)
    for levels: JSON in [["ban": "50"], ["users": [RoomFixture.bob: "1"]], ["events": ["x": "1"]]] {
      #expect(throws: PersistError.invalid(reason: "a power level is not an integer")) {
        _ = try room.apply([
          try RoomFixture.state("m.room.power_levels", "", levels, by: RoomFixture.alice)
        ])
      }
    }
  }

  @Test(arguments: RoomVersion.all)
  func fractionsAreForRoomsThatHaveThem(_ version: RoomVersion) throws {
    var room = try RoomFixture(version: version)
    let intent = EventIntent(
      type: "x.number", sender: try RoomFixture.user(RoomFixture.alice),
      content: Array("{\"n\":1.5}".utf8))
    guard !version.rules.jsonIsStrict else {
      #expect(throws: PersistError.self) { _ = try room.apply([intent]) }
      return
    }
    #expect(try room.event(intent).event.content["n"]?.double == 1.5)
  }

  @Test(arguments: RoomVersion.all)
  func clientsFindTheTargetOfARedactionInBothPlaces(_ version: RoomVersion) throws {
    var room = try RoomFixture(version: version)
    let message = try room.event(try RoomFixture.message("x", by: RoomFixture.alice)).event
    let redaction = try room.event(
      try Self.redaction(of: message.eventID, by: RoomFixture.alice),
      targets: [message.eventID: message]
    ).event
    let stored = StoredEvent(event: redaction, streamOrdering: 1, writer: WriterID(raw: 1))
    let seen = try JSONDocument(ClientEvent.bytes(stored, reader: nil, now: 5000)).root
    #expect(seen["redacts"]?.string == message.eventID.text)
    #expect(seen["content"]?["redacts"]?.string == message.eventID.text)
    #expect(seen["content"]?["reason"]?.string == "why")
    #expect(seen["content"]?.count == 2)
    #expect(seen["unsigned"]?["age"]?.integer == 3000)
  }

  @Test(arguments: [Int64.min, -1, 0, .max]) func timesOfOtherServers(_ time: Int64) throws {
    let room = try RoomFixture(version: .v1)
    var json = JSON(try present(room.head.event(.create), "create event").json)
    json["origin_server_ts"] = .integer(time)
    let event = try Event(bytes: json.bytes, version: .v1)
    let stored = StoredEvent(event: event, streamOrdering: 1, writer: WriterID(raw: 1))
    let seen = try JSONDocument(ClientEvent.bytes(stored, reader: nil, now: 5000)).root
    #expect(seen["origin_server_ts"]?.wideInteger == time)
    #expect(seen["unsigned"]?["age"]?.integer == (time == .max ? 0 : 5000))
  }
}

/// The same with a database behind.
struct StoredVersionTests {
  @Test(arguments: RoomVersion.all)
  func aWriterGoesOnInARoomThatItHasForgotten(_ version: RoomVersion) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom(version)
      try await world.member(RoomFixture.bob, "join", in: room)
      let first = try await world.say("1", in: room, by: RoomFixture.bob)
      let answers = try await world.persistAfterRestart(
        PersistRequest(
          roomID: room, intents: [try RoomFixture.message("2", by: RoomFixture.bob)]))
      let second = try await world.stored(try present(answers.first, "answer").eventID).event
      #expect(second.prevEvents == [first.eventID])
      #expect(try Event(bytes: second.bytes, version: version).eventID == second.eventID)
      #expect(bodies(try await world.story(of: room)) == ["1", "2"])
    }
  }
}
