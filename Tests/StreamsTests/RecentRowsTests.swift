import TestKit
import Testing

@testable import Streams

@Suite struct RecentRowsTests {
  private let writers = [WriterID(raw: 1), WriterID(raw: 2)]

  private func batch(_ writer: WriterID, _ position: Int64, _ row: Int64) -> StreamBatch<Int64> {
    StreamBatch(
      writer: writer, previous: position - 1, position: position,
      rows: [StreamRow(position: position, row: row)])
  }

  /// Whatever it answers is what a complete list would; and it answers as long as nothing that
  /// is asked for was dropped.
  @Test(arguments: 0..<50 as Range<UInt64>) func agreesWithACompleteList(seed: UInt64) {
    var random = SeededRandom(seed)
    var recent = RecentRows<Int64>(start: VectorToken(minimum: 0), limit: 40)
    var all: [(writer: WriterID, position: Int64, row: Int64)] = []
    var tokens = [VectorToken(minimum: 0)]
    for position in Int64(1)...200 {
      let writer = writers[Int.random(in: 0..<2, using: &random)]
      let row = Int64.random(in: 0..<5, using: &random)
      recent.add(batch(writer, position, row))
      all.append((writer, position, row))
      tokens.append((tokens.last ?? VectorToken(minimum: 0)).advanced(writer, to: position))
    }
    for (index, since) in tokens.enumerated() {
      let now = tokens[Int.random(in: index..<tokens.count, using: &random)]
      let wanted = Int64.random(in: 0..<5, using: &random)
      let expected = all.filter {
        $0.row == wanted && !since.covers($0.writer, $0.position)
          && now.covers($0.writer, $0.position)
      }.map(\.position)
      let answer = recent.rows(since: since, upTo: now) { $0 == wanted }?.map(\.position)
      if index >= 160 { #expect(answer?.sorted() == expected) } else { #expect(answer == nil) }
    }
  }

  @Test func whatCameBeforeItBeganIsNotKnown() {
    let recent = RecentRows<Int64>(start: VectorToken(minimum: 3), limit: 10)
    let now = VectorToken(minimum: 3)
    #expect(recent.rows(since: VectorToken(minimum: 3), upTo: now)?.isEmpty == true)
    #expect(recent.rows(since: VectorToken(minimum: 2), upTo: now) == nil)
  }
}
