import MatrixIdentifiers
import Testing

@Suite struct UserIDTests {
  @Test(arguments: [
    ("@alice:example.org", "alice", "example.org"),
    ("@a.b_c=d-e/f+1:1.2.3.4:80", "a.b_c=d-e/f+1", "1.2.3.4:80"),
    ("@Alice:[::1]:8448", "Alice", "[::1]:8448"),
    ("@:example.org", "", "example.org"),
    ("@日本 語:example.org", "日本 語", "example.org"),
    ("@a\u{7}b:example.org", "a\u{7}b", "example.org"),
  ])
  func acceptsHistorical(text: String, localpart: String, server: String) throws {
    let user = try #require(UserID(text))
    #expect(user.text == text)
    #expect(user.localpart == localpart)
    #expect(user.serverName == ServerName(server))
    #expect(user.isOn(try #require(ServerName(server))))
    #expect(!user.isOn(try #require(ServerName("other.example"))))
  }

  @Test(arguments: [
    "", "@", "alice:example.org", "!alice:example.org", "@alice", "@alice:", "@a:b c",
    "@a\u{0}:example.org", "@a:b:c", "@a:example.org\u{0}",
    "@" + String(repeating: "a", count: 244) + ":example.org",
  ])
  func refuses(text: String) {
    #expect(UserID(text) == nil)
  }

  @Test func acceptsExactly255Bytes() {
    #expect(UserID("@" + String(repeating: "a", count: 242) + ":example.org") != nil)
  }

  @Test(arguments: [
    ("alice", true), ("a.b_c=d-e/f+1", true), ("", false), ("Alice", false), ("a b", false),
    ("ä", false), ("a:b", false), ("a@b", false),
  ])
  func grammarOfNewLocalparts(localpart: String, valid: Bool) {
    #expect(UserID.isValidNewLocalpart(localpart) == valid)
  }

  @Test func madeFromParts() throws {
    let server = try #require(ServerName("example.org"))
    #expect(try UserID(localpart: "alice", server: server).text == "@alice:example.org")
    #expect(throws: IdentifierError.invalidLocalpart) {
      try UserID(localpart: "Alice", server: server)
    }
    #expect(throws: IdentifierError.tooLong) {
      try UserID(localpart: String(repeating: "a", count: 243), server: server)
    }
  }

  @Test func sharedServers() throws {
    let alice = try #require(UserID("@alice:a.example"))
    #expect(alice.sharesServer(with: try #require(UserID("@b:a.example"))))
    #expect(!alice.sharesServer(with: try #require(UserID("@alice:b.example"))))
    #expect(!alice.sharesServer(with: try #require(UserID("@b:a.example:80"))))
  }

  @Test func equalityAndOrderAreThoseOfBytes() throws {
    let composed = try #require(UserID("@\u{E9}:a"))
    let decomposed = try #require(UserID("@e\u{301}:a"))
    #expect(composed.text == decomposed.text)
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed, composed]).count == 2)
    // By Unicode scalar U+FF5E comes before U+1F600; by UTF-16 it would come after.
    let wide = try #require(UserID("@\u{FF5E}:a"))
    let emoji = try #require(UserID("@\u{1F600}:a"))
    #expect(wide < emoji)
    #expect(!(emoji < wide))
  }
}
