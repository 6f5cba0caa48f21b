import Testing

@testable import Streams

@Suite struct ShardMapTests {
  /// The SHA-256 of the key as a little-endian number modulo 1, 2, 3, 5, 7, 16 and 1000.
  @Test(arguments: [
    ("!abc:example.org", [0, 0, 0, 2, 0, 14, 302]),
    ("!room:localhost", [0, 0, 2, 0, 2, 10, 650]),
    ("", [0, 1, 1, 4, 3, 3, 219]),
    ("@user:example.org", [0, 1, 2, 2, 5, 1, 697]),
    ("!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", [0, 0, 2, 0, 5, 0, 640]),
    ("é", [0, 0, 0, 3, 1, 10, 58]),
  ])
  func vectors(key: String, expected: [Int]) throws {
    for (count, index) in zip([1, 2, 3, 5, 7, 16, 1000], expected) {
      let map = try #require(ShardMap(writers: (0..<count).map { "worker\($0)" }))
      #expect(map.index(of: key) == index)
      #expect(map.writer(of: key) == "worker\(index)")
    }
  }

  @Test func withoutWritersThereIsNoMap() {
    #expect(ShardMap(writers: []) == nil)
  }
}
