import MatrixIdentifiers
import Testing

@Suite struct RoomIDTests {
  private static let hash = "31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM"

  @Test func withADomain() throws {
    let room = try #require(RoomID("!abc:example.org:80"))
    #expect(room.serverName?.text == "example.org:80")
    #expect(room.createEventID == nil)
  }

  @Test func asAHash() throws {
    let room = try #require(RoomID("!" + Self.hash))
    #expect(room.serverName == nil)
    #expect(room.createEventID == EventID("$" + Self.hash))
    #expect(RoomID(createEvent: try #require(EventID("$" + Self.hash))) == room)
  }

  @Test(arguments: [
    "", "!", "abc:example.org", "!abc:", "!abc:a b", "!ab/c", "!a b", "!a\u{0}:b",
    "!" + String(repeating: "a", count: 255),
  ])
  func refuses(text: String) {
    #expect(RoomID(text) == nil)
  }

  @Test func oddLocalpartsAreAcceptedWithADomain() {
    #expect(RoomID("!ä /\u{1}:example.org") != nil)
    #expect(RoomID("!:example.org") != nil)
  }

  @Test func madeFromParts() throws {
    let server = try #require(ServerName("example.org"))
    #expect(try RoomID(localpart: "Abc", server: server).text == "!Abc:example.org")
    for bad in ["", "a:b", "a\u{0}"] {
      #expect(throws: IdentifierError.invalidLocalpart) {
        try RoomID(localpart: bad, server: server)
      }
    }
  }
}

@Suite struct EventIDTests {
  @Test(arguments: [
    ("$31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", true),
    ("$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk", true),
    ("$143273582443PhrSn:example.org", true),
    ("$" + String(repeating: "a", count: 254), true),
    ("$" + String(repeating: "a", count: 255), false),
    ("", false), ("$", false), ("abc", false), ("!abc", false), ("$a\u{0}", false),
  ])
  func grammar(text: String, valid: Bool) {
    #expect((EventID(text) != nil) == valid)
  }
}

@Suite struct RoomAliasTests {
  @Test func parts() throws {
    let alias = try #require(RoomAlias("#Räume:example.org:1"))
    #expect(alias.localpart == "Räume")
    #expect(alias.serverName.text == "example.org:1")
  }

  @Test(arguments: ["", "#", "#a", "a:b", "#a:", "#a\u{0}:b", "#a:b:c"])
  func refuses(text: String) {
    #expect(RoomAlias(text) == nil)
  }

  @Test func madeFromParts() throws {
    let server = try #require(ServerName("example.org"))
    #expect(try RoomAlias(localpart: "a b", server: server).text == "#a b:example.org")
    #expect(throws: IdentifierError.invalidLocalpart) {
      try RoomAlias(localpart: "a:b", server: server)
    }
    #expect(throws: IdentifierError.tooLong) {
      try RoomAlias(localpart: String(repeating: "a", count: 255), server: server)
    }
  }
}
