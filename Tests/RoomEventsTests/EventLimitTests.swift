import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@Suite struct EventLimitTests {
  private func build(_ change: (inout EventTemplate) -> Void) throws -> Event {
    var template = try Samples.template(.v12)
    change(&template)
    return try template.build(serverName: try Samples.server(), key: try Samples.key())
  }

  @Test func wholeEvent() throws {
    let overhead = try build { $0.content = Array(#"{"a":""}"#.utf8) }.bytes.count
    let room = EventLimits.eventBytes - overhead
    let full = Array(#"{"a":"\#(String(repeating: "x", count: room))"}"#.utf8)
    let event = try build { $0.content = full }
    #expect(event.bytes.count == 65536)
    #expect(try Event(bytes: event.bytes, version: .v12).eventID == event.eventID)
    let over = Array(#"{"a":"\#(String(repeating: "x", count: room + 1))"}"#.utf8)
    #expect(throws: EventError.tooLarge(key: nil)) { try build { $0.content = over } }
    let received = text(event.bytes).replacing(#""hello"#, with: #""hello"#)
      .replacing("xxxx\"}", with: "xxxxx\"}")
    #expect(throws: EventError.tooLarge(key: nil)) {
      try Event(bytes: Array(received.utf8), version: .v12)
    }
  }

  @Test func keysByBytes() throws {
    let fits = String(repeating: "é", count: 127)
    #expect(try build { $0.type = fits }.type == fits)
    #expect(try build { $0.stateKey = fits }.stateKey == fits)
    #expect(throws: EventError.tooLarge(key: "type")) { try build { $0.type = fits + "é" } }
    #expect(throws: EventError.tooLarge(key: "state_key")) {
      try build { $0.stateKey = fits + "é" }
    }
  }

  @Test func references() throws {
    let id = try #require(EventID("$a"))
    #expect(throws: EventError.tooLarge(key: "prev_events")) {
      try build { $0.prevEvents = Array(repeating: id, count: 21) }
    }
    #expect(throws: EventError.tooLarge(key: "auth_events")) {
      try build { $0.authEvents = Array(repeating: id, count: 11) }
    }
    #expect(
      try build { $0.prevEvents = Array(repeating: id, count: 20) }.prevEvents.count == 20)
  }
}

@Suite struct ReceivedEventTests {
  private func receive(_ change: (inout JSON) -> Void) throws -> Event {
    var json = JSON(try Samples.event(.v11, stateKey: "").json)
    change(&json)
    return try Event(bytes: json.bytes, version: .v11)
  }

  static let malformed: [(String, JSON?)] = [
    ("type", nil), ("type", 1), ("sender", nil), ("sender", "alice"), ("room_id", nil),
    ("room_id", "room"), ("content", nil), ("content", []), ("depth", nil), ("depth", "1"),
    ("depth", -1), ("origin_server_ts", nil), ("origin_server_ts", "1"), ("state_key", 1),
    ("state_key", .null), ("hashes", nil), ("hashes", ["sha1": "x"]), ("hashes", ["sha256": 1]),
    ("signatures", nil), ("signatures", ["a": "b"]), ("signatures", ["a": ["b": 1]]),
    ("prev_events", nil), ("prev_events", ["x"]), ("prev_events", [["$a", ["sha256": "x"]]]),
    ("auth_events", nil), ("auth_events", "$a"),
  ]

  @Test(arguments: malformed) func malformedKeys(key: String, value: JSON?) {
    #expect(throws: EventError.malformed(key: key)) { try receive { $0[key] = value } }
  }

  /// The format knows no such key, and a redaction keeps it.
  @Test(arguments: RoomVersion.all.filter { $0.rules.eventIDs != .stated })
  func anIDInsideTheEventMeansNothing(_ version: RoomVersion) throws {
    let plain = try Samples.event(version)
    for id: JSON in ["$a", 1, "x"] {
      var json = JSON(plain.json)
      json["event_id"] = id
      let event = try Event(bytes: json.bytes, version: version)
      #expect(event.eventID != plain.eventID)
      #expect(JSON(try #require(event.json["event_id"])) == id)
      let redacted = try Event(bytes: redactedBytes(of: event), version: version)
      #expect(redacted.eventID == event.eventID)
    }
  }

  @Test func oversizedKeys() {
    let long = String(repeating: "a", count: 256)
    #expect(throws: EventError.tooLarge(key: "type")) { try receive { $0["type"] = .string(long) } }
    #expect(throws: EventError.tooLarge(key: "state_key")) {
      try receive { $0["state_key"] = .string(long) }
    }
    let ids = [JSON](repeating: "$a", count: 21)
    #expect(throws: EventError.tooLarge(key: "prev_events")) {
      try receive { $0["prev_events"] = .array(ids) }
    }
    #expect(throws: EventError.tooLarge(key: "auth_events")) {
      try receive { $0["auth_events"] = .array(ids) }
    }
  }

  @Test(arguments: ["", "[]", "nothing", "{\"a\":1.0}", "\u{FEFF}{}"])
  func whatIsNoEvent(text: String) {
    #expect(throws: EventError.self) { try Event(bytes: Array(text.utf8), version: .v11) }
  }

  @Test func unsignedIsDroppedAndUnknownKeysStay() throws {
    let plain = try Samples.event(.v11, stateKey: "")
    let event = try receive { json in
      json["unsigned"] = ["age": 5]
      json["org.example.more"] = "x"
    }
    #expect(event.json["unsigned"] == nil)
    #expect(event.json["org.example.more"]?.string == "x")
    #expect(event.eventID == plain.eventID)
    #expect(!EventHashes.contentHashMatches(event))
  }

  @Test func oneChangedByteOfTheContentChangesTheHash() throws {
    let event = try receive { $0["content"] = ["body": "hellO", "msgtype": "m.text"] }
    #expect(!EventHashes.contentHashMatches(event))
    let hash = try #require(event.json["hashes"]?["sha256"]?.string)
    #expect(UnpaddedBase64.encode(try EventHashes.contentHash(of: event)) != hash)
  }

  @Test func membershipIsThatOfMemberEventsOnly() throws {
    let content: JSON = ["membership": "join"]
    let member = try Samples.event(
      .v11, type: EventType.member, stateKey: "@alice:domain", content: content)
    #expect(member.membership == "join")
    #expect(try Samples.event(.v11, content: content).membership == nil)
  }
}
