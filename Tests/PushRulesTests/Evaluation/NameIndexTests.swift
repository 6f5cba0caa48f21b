import MatrixIdentifiers
import TestKit
import Testing

@testable import PushRules

@Suite struct NameIndexTests {
  @Test(arguments: 0..<40)
  func findsWhatASearchForEachNameFinds(seed: Int) {
    var random = SeededRandom(UInt64(seed))
    let letters = ["a", "b", "_", " ", "-", "ä", "A", "日", "🎉", "@"]
    let users = (0..<12).compactMap { UserID("@u\($0):test") }
    var index = NameIndex()
    var names: [UserID: [UInt8]] = [:]
    for user in users {
      for _ in 0..<2 {
        if let old = names[user] { index.remove(old, .displayName, of: user) }
        let name = FoldedText.fold((0..<random.below(4)).map { _ in random.pick(letters) }.joined())
        names[user] = name
        index.insert(name, .displayName, of: user)
      }
    }
    for _ in 0..<100 {
      let text = FoldedText.fold((0..<random.below(12)).map { _ in random.pick(letters) }.joined())
      let expected = users.filter { NameIndex.contains(names[$0] ?? [], in: text) }
      #expect(Set(index.hits(in: text).map(\.user)) == Set(expected))
    }
  }

  @Test func tellsWhichNameWasFound() {
    var index = NameIndex()
    index.insert(FoldedText.fold("Al"), .displayName, of: alice)
    index.insert(FoldedText.fold("alice"), .localpart, of: alice)
    #expect(index.hits(in: FoldedText.fold("ALICE!")) == [.init(user: alice, kind: .localpart)])
    index.remove(FoldedText.fold("alice"), .localpart, of: alice)
    #expect(index.hits(in: FoldedText.fold("alice")).isEmpty)
    #expect(index.hits(in: FoldedText.fold("hey al")) == [.init(user: alice, kind: .displayName)])
  }
}
