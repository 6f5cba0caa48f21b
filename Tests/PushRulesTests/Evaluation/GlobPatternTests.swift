import TestKit
import Testing

@testable import PushRules

private func matches(_ pattern: String, _ text: String) -> Bool {
  var steps = EventFeatures.stepLimit
  return GlobPattern(pattern).matches(FoldedText.fold(text), steps: &steps)
}

private func hasWords(_ pattern: String, _ text: String) -> Bool {
  var steps = EventFeatures.stepLimit
  return GlobPattern(pattern).matchesWords(of: FoldedText.fold(text), steps: &steps)
}

@Suite struct GlobPatternTests {
  // spec: client-server-api#conditions-1, the examples
  @Test(arguments: [
    ("lunc?*", "Lunch plans", true), ("lunc?*", "LUNCH", true), ("lunc?*", " lunch", false),
    ("lunc?*", "lunc", false), ("*", "", true), ("", "", true), ("", "x", false),
    ("a*b*c", "a-b-c", true), ("a*b", "ab", true), ("a*a", "a", false), ("?", "ä", true),
    ("?", "🎉", true), ("??", "ä", false), ("*?ä", "xä", true), ("É", "é", true),
  ])
  func wholeText(pattern: String, text: String, expected: Bool) {
    #expect(matches(pattern, text) == expected)
  }

  @Test(arguments: [
    ("ex*ple", "An example event.", true), ("ex*ple", "exple", true),
    ("ex*ple", "An exciting triple-whammy", true), ("ex*ple", "examples", false),
    ("cake", "cupcake", false), ("cake", "a cake!", true), ("cake", "cake_", false),
    ("@room", "hey @room", true), ("@room", "x@room", true), ("@room", "@rooms", false),
    ("", "x", true), ("*", "", true), ("a*", "ba ab", true), ("日", "日本", true),
  ])
  func words(pattern: String, text: String, expected: Bool) {
    #expect(hasWords(pattern, text) == expected)
  }

  @Test(arguments: 0..<40)
  func agreesWithTheNaiveSearch(seed: Int) {
    var random = SeededRandom(UInt64(seed))
    let letters = ["a", "b", "_", " ", "-", "ä", "*", "?", "A", "日"]
    for _ in 0..<300 {
      let pattern = (0..<random.below(6)).map { _ in random.pick(letters) }.joined()
      let text = (0..<random.below(9)).map { _ in random.pick(letters) }.joined()
        .filter { $0 != "*" && $0 != "?" }
      #expect(matches(pattern, text) == matchesWhole(pattern, text), "\(pattern) | \(text)")
      #expect(hasWords(pattern, text) == matchesWords(pattern, text), "\(pattern) | \(text)")
    }
  }

  @Test func aSearchEndsWhenItsStepsAreUsedUp() {
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 60_000)
    var steps = 10_000
    let pattern = GlobPattern(String(repeating: "a?", count: 400) + "b")
    #expect(!pattern.matchesWords(of: text, steps: &steps))
    #expect(steps <= 0)
  }
}
