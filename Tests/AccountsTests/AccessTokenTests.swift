import MatrixIdentifiers
import Testing

@testable import Accounts

struct AccessTokenTests {
  @Test func hasSynapsesShape() throws {
    let user = try #require(UserID("@alice.=-/+_9:example.org"))
    let token = AccessToken.make(.access, for: user)
    let parts = token.split(separator: "_", omittingEmptySubsequences: false)
    #expect(parts.count == 4)
    #expect(parts[0] == "syt")
    #expect(parts[1] == "YWxpY2UuPS0vK185")
    #expect(parts[2].count == 20)
    #expect(parts[2].allSatisfy { $0.isASCII && $0.isLetter })
    #expect(parts[3].count == 6)
    #expect(AccessToken.isPlausible(token))
  }

  @Test func noTwoAreTheSame() throws {
    let user = try #require(UserID("@alice:example.org"))
    let tokens = (0..<100).map { _ in AccessToken.make(.access, for: user) }
    #expect(Set(tokens).count == tokens.count)
    #expect(Set(tokens.map(AccessToken.hash)).count == tokens.count)
  }

  /// The checksum was computed with Python's zlib.
  @Test(arguments: [
    ("syt_YWxpY2U_ABCDEFGHIJKLMNOPQRST_1XK2pb", true),
    ("syt_YWxpY2U_ABCDEFGHIJKLMNOPQRST_1XK2pc", false),
    ("syt_YWxpY2U_ABCDEFGHIJKLMNOPQRSU_1XK2pb", false),
    ("syt_YWxpY2U_ABCDEFGHIJKLMNOPQRST_", false), ("syt_", false), ("syt__", false),
    ("another kind of token", true), ("", true),
    (String(repeating: "x", count: 512), true), (String(repeating: "x", count: 513), false),
  ])
  func plausibility(token: String, plausible: Bool) {
    #expect(AccessToken.isPlausible(token) == plausible)
  }
}
