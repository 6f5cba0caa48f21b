import MatrixIdentifiers
import Testing

@testable import Accounts

struct UsernamePolicyTests {
  private let server = ServerName("example.org:8448")

  @Test(arguments: [
    ("alice", "alice"), ("Alice", "alice"), ("ALICE.=-/+_9", "alice.=-/+_9"), ("a_", "a_"),
    ("007a", "007a"),
  ])
  func acceptsAndLowers(name: String, localpart: String) throws {
    let server = try #require(server)
    let user = try UsernamePolicy.userID(wanted: name, server: server)
    #expect(user.text == "@\(localpart):example.org:8448")
  }

  @Test(arguments: [
    ("", UsernameFault.empty), ("al ice", .forbiddenCharacters), ("al:ice", .forbiddenCharacters),
    ("@alice", .forbiddenCharacters), ("älice", .forbiddenCharacters),
    ("\u{212A}elvin", .forbiddenCharacters), ("a\u{0}b", .forbiddenCharacters),
    ("al%20ice", .forbiddenCharacters), ("_bridge", .leadingUnderscore), ("1234", .numeric),
    (String(repeating: "a", count: 250), .tooLong),
    (String(repeating: "a", count: 100_000), .tooLong),
  ])
  func refuses(name: String, fault: UsernameFault) throws {
    let server = try #require(server)
    #expect(throws: AccountError.invalidUsername(fault)) {
      try UsernamePolicy.userID(wanted: name, server: server)
    }
  }

  @Test func longestNameFillsTheIdentifier() throws {
    let server = try #require(server)
    let room = 255 - "@:example.org:8448".utf8.count
    let name = String(repeating: "a", count: room)
    #expect(try UsernamePolicy.userID(wanted: name, server: server).text.utf8.count == 255)
    #expect(throws: AccountError.invalidUsername(.tooLong)) {
      try UsernamePolicy.userID(wanted: name + "a", server: server)
    }
  }

  @Test func generatedNamesAreValidAndDiffer() throws {
    let server = try #require(server)
    let names = try (0..<50).map { _ in try UsernamePolicy.generated(server: server) }
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(try UsernamePolicy.userID(wanted: name.localpart, server: server) == name)
    }
  }
}
