import Testing

@testable import TaskScheduler

struct StepPaceTests {
  /// Milliseconds that a step took, and of the rest after it.
  static let cases: [(took: Double, rest: Double)] = [
    (0, 20), (1, 19), (2, 18), (2.5, 20), (5, 40), (30, 240), (100, 500), (60_000, 500),
  ]

  @Test(arguments: cases)
  func restsLongerTheBusierTheDatabaseIs(_ one: (took: Double, rest: Double)) {
    #expect(StepPace.rest(after: .milliseconds(one.took)) == .milliseconds(one.rest))
  }
}
