import MatrixIdentifiers
import Testing

@Suite struct ServerNameTests {
  @Test(
    arguments: [
      ("matrix.org", "matrix.org", nil),
      ("matrix.org:8888", "matrix.org", 8888),
      ("1.2.3.4", "1.2.3.4", nil),
      ("1.2.3.4:1234", "1.2.3.4", 1234),
      ("[1234:5678::abcd]", "[1234:5678::abcd]", nil),
      ("[1234:5678::abcd]:5678", "[1234:5678::abcd]", 5678),
      ("[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]", 1),
      ("MATRIX.org", "MATRIX.org", nil),
      ("localhost", "localhost", nil),
    ] as [(String, String, Int?)])
  func accepts(text: String, host: String, port: Int?) throws {
    let name = try #require(ServerName(text))
    #expect(name.text == text)
    #expect(name.host == host)
    #expect(name.port == port)
    #expect("\(name)" == text)
  }

  @Test(arguments: [
    "", ":8448", "a:", "a:123456", "a:12x", "a b", "a/b", "a_b", "ä.example", "[]", "[1]",
    "[1:2", "1:2]", "[::1]8448", "[::1]:", "[g::1]", "a:-1", "a:1:2", "a\u{0}", "a\n",
    "[" + String(repeating: "1", count: 46) + "]", String(repeating: "a", count: 256),
  ])
  func refuses(text: String) {
    #expect(ServerName(text) == nil)
  }

  @Test func acceptsTheLongestName() {
    #expect(ServerName(String(repeating: "a", count: 255) + ":65535")?.port == 65535)
  }

  @Test func caseMatters() {
    #expect(ServerName("a.example") != ServerName("A.example"))
  }
}
