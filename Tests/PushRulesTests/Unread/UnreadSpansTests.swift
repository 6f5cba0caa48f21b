import TestKit
import Testing

@testable import PushRules

@Suite struct UnreadSpansTests {
  private func spans(_ turns: [(Int64, Bool)], _ start: Int64, _ end: Int64) -> [ClosedRange<Int64>]
  {
    UnreadSpans(turns: turns.map { (ordering: $0.0, follows: $0.1) }, after: start, upTo: end)
      .spans.map { $0.start...$0.end }
  }

  @Test func withoutTurnsEverythingCounts() {
    #expect(spans([], 5, 10) == [5...10])
    #expect(spans([], 10, 10) == [])
  }

  @Test func turnsHoldForTheirOwnEvent() {
    #expect(spans([(7, false)], 5, 10) == [5...6])
    #expect(spans([(7, true)], 5, 10) == [5...10])
    #expect(spans([(3, false)], 5, 10) == [])
    #expect(spans([(3, false), (8, true)], 5, 10) == [7...10])
    #expect(spans([(12, false)], 5, 10) == [5...10])
  }

  @Test(arguments: 0..<50)
  func coverTheEventsThatAreFollowed(seed: Int) {
    var random = SeededRandom(UInt64(seed))
    var turns: [(ordering: Int64, follows: Bool)] = []
    for place in 1...30 where random.chance(20) {
      turns.append((Int64(place), random.chance(50)))
    }
    for _ in 0..<30 {
      let (start, end) = (Int64(random.below(20)), Int64(random.below(35)))
      let found = UnreadSpans(turns: turns, after: start, upTo: end)
      var covered: [Int64] = []
      for span in found.spans { covered += Array(span.start + 1...span.end) }
      var expected: [Int64] = []
      for place in stride(from: start + 1, through: end, by: 1) {
        if turns.last(where: { $0.ordering <= place })?.follows ?? true { expected.append(place) }
      }
      #expect(covered == expected)
      #expect(found.follows == turns.last { $0.ordering <= end }?.follows ?? true)
    }
  }
}
