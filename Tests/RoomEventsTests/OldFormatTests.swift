import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

/// Events that state their ids and name others with their hashes.
///
/// spec: rooms/v1#event-format
@Suite struct StatedIDTests {
  private static let versions = Samples.versions(1...2)

  @Test(arguments: versions) func anEventStatesItsID(version: RoomVersion) throws {
    let event = try Samples.event(version)
    #expect(event.json["event_id"]?.string == event.eventID.text)
    #expect(event.eventID.serverName == (try Samples.server()))
    let other = try Samples.event(version, content: ["body": "other"])
    #expect(other.eventID != event.eventID)
  }

  @Test func theLongestServerNameStillFits() throws {
    let labels = Array(repeating: String(repeating: "a", count: 31), count: 7)
    let server = try #require(ServerName(labels.joined(separator: ".") + ".bcdefg"))
    #expect(server.text.utf8.count == 230)
    let event = try Samples.template(.v1).build(serverName: server, key: try Samples.key())
    #expect(event.eventID.serverName == server)
  }

  @Test(arguments: versions) func referencesCarryHashes(version: RoomVersion) throws {
    let first = try Samples.event(version)
    var template = try Samples.template(version)
    template.prevEvents = [first.eventID]
    template.authEvents = [first.eventID]
    template.referenceHashes = [first.eventID: EventHashes.referenceHash(of: first)]
    let second = try template.build(serverName: try Samples.server(), key: try Samples.key())
    let hash = UnpaddedBase64.encode(EventHashes.referenceHash(of: first))
    let expected: JSON = [[.string(first.eventID.text), ["sha256": .string(hash)]]]
    for key in ["prev_events", "auth_events"] {
      #expect(second.json[key].map(JSON.init) == expected)
    }
    #expect(second.prevEvents == [first.eventID])
    #expect(second.authEvents == [first.eventID])
  }

  @Test func aReferenceWithoutItsHashCannotBeMade() throws {
    for key in ["prev_events", "auth_events"] {
      var template = try Samples.template(.v1)
      for id in key == "prev_events" ? template.prevEvents : template.authEvents {
        template.referenceHashes[id] = nil
      }
      let unchanging = template
      #expect(throws: EventError.malformed(key: key)) {
        try unchanging.build(serverName: try Samples.server(), key: try Samples.key())
      }
    }
  }

  @Test func idsAreBase64InVersion3AndURLSafeFromThenOn() throws {
    var hasPlainSigns = false
    for number in 0..<40 {
      let content: JSON = ["n": .integer(Int64(number))]
      for version in Samples.versions(3...12) {
        let event = try Samples.event(version, content: content)
        let hash = EventHashes.referenceHash(of: event)
        let plain = "$" + UnpaddedBase64.encode(hash)
        let urlSafe = "$" + UnpaddedBase64.encodeURLSafe(hash)
        #expect(event.eventID.text == (version == .v3 ? plain : urlSafe))
        #expect(event.eventID.serverName == nil)
        if version == .v3 { hasPlainSigns = hasPlainSigns || plain != urlSafe }
      }
    }
    #expect(hasPlainSigns)
  }

  private func receive(_ change: (inout JSON) -> Void) throws -> Event {
    var json = JSON(try Samples.event(.v1, stateKey: "").json)
    change(&json)
    return try Event(bytes: json.bytes, version: .v1)
  }

  static let malformed: [(String, JSON?)] = [
    ("event_id", nil), ("event_id", 1), ("event_id", "abc:domain"), ("event_id", "$hash"),
    ("event_id", "$abc:not a server"), ("event_id", "$abc:"),
    ("event_id", .string("$" + String(repeating: "a", count: 250) + ":domain")),
    ("prev_events", ["$a:domain"]), ("prev_events", [["$a:domain"]]),
    ("prev_events", [["$a:domain", "hash"]]), ("prev_events", [[["sha256": "x"], "$a:domain"]]),
    ("prev_events", [["$a:domain", [:], [:]]]), ("auth_events", ["$a:domain"]),
    ("auth_events", [[1, [:]]]), ("depth", 1.5), ("depth", "9"), ("origin_server_ts", 1.5),
  ]

  @Test(arguments: malformed) func malformedKeys(key: String, value: JSON?) {
    #expect(throws: EventError.malformed(key: key)) { try receive { $0[key] = value } }
  }

  @Test func hashesOfReferencesAreNotLookedAt() throws {
    let references: JSON = [["$a:domain", [:]], ["$b:domain", ["md5": "x"]]]
    let event = try receive { $0["prev_events"] = references }
    #expect(event.prevEvents.map(\.text) == ["$a:domain", "$b:domain"])
  }

  @Test func whatOldServersLeftInEventsIsPartOfThem() throws {
    let event = try receive { json in
      json["origin"] = "domain"
      json["prev_state"] = []
      json["age_ts"] = 5
      json["event_id"] = "$143273582443PhrSn:example.org"
    }
    #expect(event.eventID.text == "$143273582443PhrSn:example.org")
    #expect(event.json["prev_state"]?.kind == .array)
    let redacted = try Event(bytes: redactedBytes(of: event), version: .v1)
    #expect(redacted.eventID == event.eventID)
    #expect(redacted.json["origin"]?.string == "domain")
    #expect(redacted.json["prev_state"] != nil)
    #expect(redacted.json["age_ts"] == nil)
  }
}

/// spec: rooms/v1#canonical-json, rooms/v6#canonical-json
@Suite struct JSONStrictnessTests {
  private func receive(
    _ version: RoomVersion, replacing part: String, by other: String
  ) throws -> Event {
    let source = text(try Samples.event(version, content: ["n": 7]).bytes)
    return try Event(bytes: Array(source.replacing(part, with: other).utf8), version: version)
  }

  @Test(arguments: [
    (#""n":7"#, #""n":7.5"#, #"{"n":7.5}"#), (#""n":7"#, #""n":1E3"#, #"{"n":1000.0}"#),
    (#""n":7"#, #""n":9007199254740992"#, #"{"n":9007199254740992}"#),
    (#""n":7"#, #""n":12345678901234567890"#, #"{"n":12345678901234567890}"#),
    (#""n":7"#, #""n":1,"n":2"#, #"{"n":2}"#),
  ])
  func whatOnlyOldVersionsAllow(_ part: String, _ other: String, _ content: String) throws {
    for version in Samples.versions(1...5) {
      let event = try receive(version, replacing: part, by: other)
      #expect(text(event.content.rawBytes) == content)
      #expect(try Event(bytes: event.bytes, version: version).bytes == event.bytes)
      let again = try Event(bytes: event.bytes, version: version, eventID: event.eventID)
      #expect(try EventHashes.contentHash(of: again) == EventHashes.contentHash(of: event))
    }
    for version in Samples.versions(6...12) {
      #expect(throws: EventError.self) { try receive(version, replacing: part, by: other) }
    }
  }

  @Test(arguments: RoomVersion.all) func whatNoVersionAllows(version: RoomVersion) {
    for other in [#""n":1e400"#, #""n":01"#, #""n":"\ud800""#, #""n":NaN"#, #""n":Infinity"#] {
      #expect(throws: EventError.self) {
        try receive(version, replacing: #""n":7"#, by: other)
      }
    }
  }

  @Test(arguments: RoomVersion.all) func wideDepthsAndTimes(version: RoomVersion) throws {
    for (part, key) in [(#""depth":7"#, "depth"), ("1700000000123", "origin_server_ts")] {
      let wide = Int64.max.description
      let other = key == "depth" ? #""depth":\#(wide)"# : wide
      guard !version.rules.jsonIsStrict else {
        #expect(throws: EventError.self) {
          try receive(version, replacing: part, by: other)
        }
        continue
      }
      let event = try receive(version, replacing: part, by: other)
      #expect((key == "depth" ? event.depth : event.originServerTimestamp) == .max)
    }
  }

  @Test(arguments: RoomVersion.all) func ownEventsFollowTheVersion(version: RoomVersion) throws {
    var template = try Samples.template(version)
    template.content = Array(#"{"b":1.50,"a":1}"#.utf8)
    let unchanging = template
    let build = { try unchanging.build(serverName: Samples.server(), key: Samples.key()) }
    guard !version.rules.jsonIsStrict else {
      #expect(throws: EventError.self) { try build() }
      return
    }
    let event = try build()
    #expect(text(event.content.rawBytes) == #"{"a":1,"b":1.5}"#)
    #expect(try Event(bytes: event.bytes, version: version).eventID == event.eventID)
    #expect(EventHashes.contentHashMatches(event))
  }
}
