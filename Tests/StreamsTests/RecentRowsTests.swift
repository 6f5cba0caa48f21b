import TestKit
import Testing

@testable import Streams

@Suite struct RecentRowsTests {
  private let writers = [WriterID(raw: 1), WriterID(raw: 2)]

  /// Whatever it answers is what a complete list would; and it answers as long as nothing that
  /// is asked for was dropped.
  @Test(arguments: 0..<50 as Range<UInt64>) func agreesWithACompleteList(seed: UInt64) {
    var random = SeededRandom(seed)
    var recent = RecentRows<Int, Int64>(start: VectorToken(minimum: 0), limit: 40)
    var all: [(subject: Int, writer: WriterID, position: Int64)] = []
    var tokens = [VectorToken(minimum: 0)]
    for position in Int64(1)...200 {
      let writer = writers[Int.random(in: 0..<2, using: &random)]
      let subject = Int.random(in: 0..<5, using: &random)
      recent.add(position, of: subject, writer: writer, position: position)
      all.append((subject, writer, position))
      tokens.append((tokens.last ?? VectorToken(minimum: 0)).advanced(writer, to: position))
    }
    let last = tokens[tokens.count - 1]
    for (index, since) in tokens.enumerated() {
      let subject = Int.random(in: 0..<5, using: &random)
      let expected = all.filter {
        $0.subject == subject && !since.covers($0.writer, $0.position)
      }.map(\.position)
      let answer = recent.rows(of: subject, since: since, upTo: last)?.map(\.row)
      if index >= 160 { #expect(answer == expected) } else { #expect(answer == nil) }
    }
  }

  @Test func whatIsLaterThanThePositionIsLeftOut() {
    var recent = RecentRows<String, String>(start: VectorToken(minimum: 3), limit: 10)
    recent.add("a", of: "alice", writer: writers[0], position: 4)
    recent.add("b", of: "alice", writer: writers[0], position: 5)
    let rows = recent.rows(
      of: "alice", since: VectorToken(minimum: 3), upTo: VectorToken(minimum: 4))
    #expect(rows?.map(\.row) == ["a"])
    #expect(
      recent.rows(of: "bob", since: VectorToken(minimum: 3), upTo: VectorToken(minimum: 5))?
        .isEmpty == true)
    #expect(
      recent.rows(of: "alice", since: VectorToken(minimum: 2), upTo: VectorToken(minimum: 5))
        == nil)
  }
}
