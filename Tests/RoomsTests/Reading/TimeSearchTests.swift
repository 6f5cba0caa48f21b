import Testing

@testable import Rooms

struct TimeSearchTests {
  private typealias Entry = (place: Int64, time: Int64)

  /// The place found in a history, and the number of steps it took.
  private func search(_ time: Int64, in history: [Entry]) -> (Int64, steps: Int) {
    guard let first = history.first, let last = history.last else { return (0, 0) }
    var search = TimeSearch(time, in: first.place...last.place)
    var steps = 0
    while !search.places.isEmpty {
      steps += 1
      guard steps <= 1000 else { break }
      search.learn(
        search.places.compactMap { place in history.first { $0.place >= place } })
    }
    return (search.found, steps)
  }

  @Test(arguments: [1, 2, 3, 17, 400], [Int64(1), 7, 1000])
  func findsTheFirstEventThatIsNotEarlier(_ count: Int, _ gap: Int64) {
    let history: [Entry] = (0..<Int64(count)).map { (place: 5 + $0 * gap, time: 100 + $0 / 2 * 10) }
    for time in [Int64.min, 0, 99, 100, 101, 110, 115, 1000, 3000, .max] {
      let expected = history.first { $0.time >= time }?.place ?? (history.last?.place ?? 0) + 1
      #expect(search(time, in: history).0 == expected, "time \(time)")
    }
  }

  @Test func takesFewSteps() {
    let history: [Entry] = (0..<5000).map { (place: $0 * 1_000_000, time: $0) }
    #expect(search(3333, in: history).steps <= 12)
  }

  /// Where a clock went back, some place is found, and found soon.
  @Test(arguments: 0..<50)
  func endsWhateverTheTimes(_ seed: Int) {
    var state = UInt64(seed) &* 2_654_435_761 &+ 1
    func next(_ bound: UInt64) -> Int64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int64(state >> 33) % Int64(bound)
    }
    var place = next(100) - 50
    let history: [Entry] = (0..<200).map { _ in
      place += 1 + next(50)
      return (place: place, time: next(300))
    }
    let (found, steps) = search(next(300), in: history)
    #expect(steps < 20)
    #expect(history.contains { $0.place == found } || found == place + 1)
  }
}
