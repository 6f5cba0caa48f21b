import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@Suite struct EventTemplateTests {
  @Test(arguments: RoomVersion.all) func roundTrip(version: RoomVersion) throws {
    let built = try Samples.event(version, type: "m.room.topic", stateKey: "é\u{1}\"")
    let read = try Event(bytes: built.bytes, version: version)
    let trusted = try Event(bytes: built.bytes, version: version, eventID: built.eventID)
    for event in [built, read, trusted] {
      #expect(event.bytes == built.bytes)
      #expect(event.eventID == built.eventID)
      #expect(event.roomID == built.roomID)
      #expect(event.sender.text == "@alice:domain")
      #expect(event.type == "m.room.topic")
      #expect(event.stateKey == "é\u{1}\"")
      #expect(event.isState("m.room.topic", "é\u{1}\""))
      #expect(!event.isState("m.room.topic"))
      #expect(event.depth == 7)
      #expect(event.originServerTimestamp == 1_700_000_000_123)
      #expect(event.prevEvents.map(\.text) == ["$previous"])
      #expect(event.authEvents.map(\.text) == ["$auth1", "$auth2"])
      #expect(event.content["body"]?.string == "hello")
      #expect(event.version == version)
    }
    #expect(try canonicalJSON(built.json) == built.bytes)
    #expect(EventHashes.contentHashMatches(built))
  }

  @Test(arguments: RoomVersion.all) func signature(version: RoomVersion) throws {
    let event = try Samples.event(version)
    let verifier = try #require(VerifyKey(try Samples.key().publicKey))
    let other = try #require(VerifyKey(try SigningKey.generate().publicKey))
    func verify(_ server: String, _ keyID: String, _ key: VerifyKey) throws -> Bool {
      EventHashes.verifySignature(
        of: event, server: try #require(ServerName(server)), keyID: keyID, publicKey: key)
    }
    #expect(try verify("domain", "ed25519:1", verifier))
    #expect(try !verify("domain", "ed25519:1", other))
    #expect(try !verify("domain", "ed25519:2", verifier))
    #expect(try !verify("other", "ed25519:1", verifier))
  }

  // Computed apart from this code, with Python's json and hashlib.
  @Test(arguments: [
    (RoomVersion.v1, "$Xha4IKMEVlvcsiPDDqS36w:domain"),
    (.v2, "$azYZzkI59rrtO1HYpq-yUw:domain"),
    (.v3, "$t/SNXXWwMXQanUmPgv3vGpB7zdxzzAFmFeh6PGHB1Lk"),
    (.v4, "$gHFXVeD5Mvdvevy3PeWhWUaotdINpih8YrFfKPFprcw"),
    (.v5, "$jvtJrp63EGv6jSJWTP45oaypiMtLYy9PmgqZzhOswZg"),
    (.v6, "$neF3oRAvqCnGtKa949wFCoQTVz0QbsGkWTRrJyGha_k"),
    (.v7, "$wyI2aBRf5_S0gcH9HevPi5-9tXNVOe0U-6iprRStHSw"),
    (.v8, "$PcIrFLc9wm-heTM6ljeQJFhcfI4LSo4VLMySEw6NF_k"),
    (.v9, "$1eK46m1sw88aMFx2hIrLwWZuzWn_F96IzqVIjNU7HAM"),
    (.v10, "$5COPTmaLBfkpDUXT1qiAsueXFksjpiPRrZZ3JD1SGGo"),
    (.v11, "$0gR3UwqrxpjFay4338XWRF9-4aoD6Kudndvns2aWoO8"),
    (.v12, "$vTSRlHWTTyIIoMPmbKFVF3KhVek4231d4xu6ncF--A0"),
  ])
  func idsOfCreateEvents(version: RoomVersion, id: String) throws {
    var template = try Samples.template(
      version, type: EventType.create, stateKey: "",
      content: ["room_version": .string(version.id), "creator": "@alice:domain", "x": "é<\u{7f}"])
    template.prevEvents = []
    template.authEvents = []
    let event = try template.build(serverName: try Samples.server(), key: try Samples.key())
    #expect(event.eventID.text == id)
  }

  @Test func roomsOfVersion12AreNamedByTheirCreateEvent() throws {
    let create = try Samples.event(.v12, type: EventType.create, stateKey: "", content: [:])
    #expect(create.json["room_id"] == nil)
    #expect(create.roomID.text.dropFirst() == create.eventID.text.dropFirst())
    #expect(create.roomID.text.first == "!")
    let read = try Event(bytes: create.bytes, version: .v12, eventID: create.eventID)
    #expect(read.roomID == create.roomID)
  }

  @Test func roomIDWhereItDoesNotBelong() throws {
    var named = try Samples.template(.v12, type: EventType.create, stateKey: "")
    named.roomID = RoomID("!room:domain")
    var unnamed = try Samples.template(.v11, type: EventType.create, stateKey: "")
    unnamed.roomID = nil
    for template in [named, unnamed] {
      #expect(throws: EventError.malformed(key: "room_id")) {
        try template.build(serverName: try Samples.server(), key: try Samples.key())
      }
    }
  }

  @Test func redactionsNameTheirTarget() throws {
    for version in Samples.versions(1...10) {
      let old = try Samples.event(
        version, type: EventType.redaction, content: ["reason": "x"], redacts: "$target")
      #expect(old.json["redacts"]?.string == "$target")
      #expect(old.content["redacts"] == nil)
      #expect(old.redacts?.text == "$target")
      #expect(try Event(bytes: old.bytes, version: version).eventID == old.eventID)
    }
    for version in [RoomVersion.v11, .v12] {
      let new = try Samples.event(
        version, type: EventType.redaction, content: ["reason": "x"], redacts: "$target")
      #expect(new.json["redacts"] == nil)
      #expect(new.content["redacts"]?.string == "$target")
      #expect(new.content["reason"]?.string == "x")
      #expect(new.redacts?.text == "$target")
      #expect(try Event(bytes: new.bytes, version: version).eventID == new.eventID)
    }
    #expect(try Samples.event(.v11, content: ["redacts": "$target"]).redacts == nil)
  }

  @Test func contentIsBroughtToCanonicalForm() throws {
    var template = try Samples.template(.v12)
    template.content = Array(#" { "b" : "\u00e9\/" , "a" : [ 1 , -0 ] } "#.utf8)
    let event = try template.build(serverName: try Samples.server(), key: try Samples.key())
    #expect(text(event.content.rawBytes) == #"{"a":[1,0],"b":"é/"}"#)
    #expect(try Event(bytes: event.bytes, version: .v12).eventID == event.eventID)
  }

  @Test(arguments: [
    #"{"a":1.5}"#, #"{"a":9007199254740992}"#, "{", "[]", "1", #"{"a":1,"a":2}"#,
  ])
  func contentThatHasNoCanonicalForm(content: String) throws {
    var template = try Samples.template(.v12)
    template.content = Array(content.utf8)
    let unchanging = template
    #expect(throws: EventError.self) {
      try unchanging.build(serverName: try Samples.server(), key: try Samples.key())
    }
  }

  @Test(arguments: RoomVersion.all) func depthStopsAtTheLimit(version: RoomVersion) throws {
    let limit: Int64 = version.rules.jsonIsStrict ? 9_007_199_254_740_991 : .max
    var template = try Samples.template(version)
    template.depth = .max
    let event = try template.build(serverName: try Samples.server(), key: try Samples.key())
    #expect(event.depth == limit)
    #expect(try Event(bytes: event.bytes, version: version).depth == limit)
    #expect(version.rules.depth(after: limit) == limit)
    #expect(version.rules.depth(after: limit - 1) == limit)
    #expect(version.rules.depth(after: 7) == 8)
  }
}
