import MatrixIdentifiers
import TestKit
import Testing

/// Judges texts by the grammars of the specification, written down once more as patterns.
///
/// spec: appendices#identifier-grammar
private struct Grammar {
  private static let server = #"(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.\-]{1,255})(:[0-9]{1,5})?"#
  private static let localpart = "[^:\\x{0}]*"
  static let limit = 255

  let server = pattern(Self.server)
  let user = pattern("@\(localpart):\(server)")
  let alias = pattern("#\(localpart):\(server)")
  let room = pattern("!(\(localpart):\(server)|[A-Za-z0-9_\\-]+)")
  let event = pattern("\\$[^\\x{0}]+")

  private static func pattern(_ text: String) -> Regex<AnyRegexOutput>? {
    (try? Regex(text))?.matchingSemantics(.unicodeScalar).dotMatchesNewlines()
  }

  static func matches(_ text: String, _ pattern: Regex<AnyRegexOutput>?) -> Bool {
    guard let pattern else { return false }
    return text.wholeMatch(of: pattern) != nil
  }
}

@Suite("All identifiers against the grammars of the specification")
struct GrammarTests {
  private let grammar = Grammar()

  private func check(_ text: String) {
    let fits = text.utf8.count <= Grammar.limit
    #expect((ServerName(text) != nil) == Grammar.matches(text, grammar.server), "\(text)")
    #expect((UserID(text) != nil) == (fits && Grammar.matches(text, grammar.user)), "\(text)")
    #expect((RoomAlias(text) != nil) == (fits && Grammar.matches(text, grammar.alias)), "\(text)")
    #expect((RoomID(text) != nil) == (fits && Grammar.matches(text, grammar.room)), "\(text)")
    #expect((EventID(text) != nil) == (fits && Grammar.matches(text, grammar.event)), "\(text)")
    checkParts(text)
  }

  /// What an identifier is taken apart into makes it again.
  private func checkParts(_ text: String) {
    if let user = UserID(text) {
      #expect("@\(user.localpart):\(user.serverName)" == text)
      #expect(user.isOn(user.serverName))
    }
    if let alias = RoomAlias(text) { #expect("#\(alias.localpart):\(alias.serverName)" == text) }
    if let room = RoomID(text) {
      #expect((room.serverName == nil) == (room.createEventID != nil))
      if let server = room.serverName { #expect(text.hasSuffix(":\(server)")) }
    }
    if let server = ServerName(text) {
      #expect(text.hasPrefix(server.host))
      #expect((server.port == nil) == (server.host == text))
    }
  }

  private static let pieces = [
    "@", "!", "#", "$", ":", ":", "[", "]", "[::1]", "[2001:db8::1]", "1.2.3.4", "999.1.1.1", "a",
    "example.org", "A-b", ".", "-", "_", "/", "+", "=", "8448", "65535", "123456", "0", " ", "\n",
    "\u{0}", "\u{7F}", "é", "e\u{301}", "日本", "😀", "\u{200D}", "%", "\\", "\"", "x\r\n",
    "31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", "acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk",
  ]

  @Test(arguments: 0..<8) func textsOfTellingPieces(seed: UInt64) {
    var random = SeededRandom(seed)
    for _ in 0..<500 {
      let sigil = random.pick(["@", "!", "#", "$", "", ""])
      let body = (0..<random.below(7)).map { _ in random.pick(Self.pieces) }.joined()
      let server = random.pick(["", ":example.org", ":[::1]:8448", ":1.2.3.4:80", ":localhost"])
      check(sigil + body + server)
    }
  }

  @Test func lengths() {
    for sigil in ["@", "!", "#", "$"] {
      for count in 240...260 {
        check(sigil + String(repeating: "a", count: count - 3) + ":b")
        check(sigil + String(repeating: "é", count: count / 2) + ":b")
        check(sigil + String(repeating: "a", count: count - 1))
        check(sigil + "a:" + String(repeating: "b", count: count - 3))
      }
    }
    for count in [1, 2, 44, 45, 46, 254, 255, 256, 300] {
      check(String(repeating: "1", count: count))
      check("[" + String(repeating: ":", count: count) + "]")
      check("[" + String(repeating: "f", count: count) + "]:1")
      check(String(repeating: "a", count: count) + ":12345")
    }
  }

  @Test func everyCodePointOfASCII() {
    for code in UInt8(0)..<0x80 {
      let scalar = String(Unicode.Scalar(code))
      for sigil in ["@", "!", "#", "$", ""] {
        for text in [
          "\(scalar)a:b", "a\(scalar):b", "a:\(scalar)b", "a:b\(scalar)", "a:b:1\(scalar)",
        ] {
          check(sigil + text)
        }
      }
    }
  }

  @Test("A text of any length is refused at once", .timeLimit(.minutes(1)))
  func longTexts() {
    let long = String(repeating: "a:", count: 5_000_000)
    for _ in 0..<1000 {
      #expect(UserID(long) == nil && RoomID(long) == nil && EventID(long) == nil)
      #expect(RoomAlias(long) == nil)
    }
  }
}
