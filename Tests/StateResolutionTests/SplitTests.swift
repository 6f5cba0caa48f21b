import MatrixIdentifiers
import RoomEvents
import StateResolution
import Testing

@Suite("What forks agree on")
struct SplitTests {
  private let a = StateTuple("a")
  private let b = StateTuple("b")

  private func id(_ text: String) throws -> EventID {
    try #require(EventID("$" + text))
  }

  @Test func sameEventEverywhereIsUnconflicted() throws {
    let state = [a: try id("1")]
    let conflict = StateConflict([state, state], algorithm: .v2)
    #expect(conflict.conflicting.isEmpty)
    #expect(conflict.unconflicted(a) == (try id("1")))
    #expect(conflict.merged([:]) == state)
  }

  @Test(arguments: [StateResolutionAlgorithm.v2, .v2Point1])
  func eventInOneStateOnlyConflicts(_ algorithm: StateResolutionAlgorithm) throws {
    for states in [[[a: try id("1")], [:]], [[:], [a: try id("1")]]] {
      let conflict = StateConflict(states, algorithm: algorithm)
      #expect(conflict.conflicting.keys.contains(a))
      #expect(conflict.unconflicted(a) == nil)
      #expect(conflict.merged([:]).isEmpty)
    }
  }

  @Test func eventInOneStateOnlyIsKeptInVersion1() throws {
    for states in [[[a: try id("1")], [:]], [[:], [a: try id("1")]]] {
      let conflict = StateConflict(states, algorithm: .v1)
      #expect(conflict.conflicting.isEmpty)
      #expect(conflict.unconflicted(a) == (try id("1")))
      #expect(conflict.merged([:]) == [a: try id("1")])
    }
  }

  @Test func knownDifferencesGiveTheSameAsWholeStates() throws {
    let first = [a: try id("1"), b: try id("2")]
    let second = [a: try id("1"), b: try id("3")]
    for algorithm in [StateResolutionAlgorithm.v1, .v2] {
      let whole = StateConflict([first, second], algorithm: algorithm)
      let known = StateConflict(
        shared: second, differing: [b: [first[b], second[b]], a: [first[a], first[a]]],
        forkCount: 2, algorithm: algorithm)
      #expect(whole.conflicting == known.conflicting)
      #expect(known.unconflicted(a) == first[a])
      #expect(known.unconflicted(b) == nil)
      #expect(whole.merged([b: try id("3")]) == known.merged([b: try id("3")]))
    }
  }
}
