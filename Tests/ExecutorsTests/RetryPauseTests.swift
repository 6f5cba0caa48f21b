import Executors
import TestKit
import Testing

struct RetryPauseTests {
  /// Longer than any test may take.
  private static let long = Duration.seconds(170)

  @Test func oneOfThemTriesSoon() async {
    let started = ContinuousClock.now
    await RetryPause(soon: .milliseconds(40), longest: Self.long).wait(random: 0)
    #expect(started.duration(to: .now) >= .milliseconds(40))
  }

  @Test func oneSuccessEndsEveryPause() async throws {
    let pause = RetryPause(soon: Self.long, longest: Self.long)
    let ended = Locked(0)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          await pause.wait(random: 0)
          ended.withLock { $0 += 1 }
        }
      }
      // A pause that begins later is not ended by an earlier success.
      try await eventually {
        pause.end()
        return ended.withLock { $0 } == 3
      }
      try await group.waitForAll()
    }
  }

  @Test func whoeverGivesUpLeavesThePlaceToAnother() async {
    let pause = RetryPause(soon: Self.long, longest: Self.long)
    let tasks = (0..<2).map { _ in
      Task(executorPreference: TestLoop.executor) { await pause.wait(random: 0) }
    }
    // The loop runs what it is given in this order, so both are waiting afterwards.
    await Task(executorPreference: TestLoop.executor) {}.value
    tasks[0].cancel()
    for task in tasks { await task.value }
  }

  @Test func aPauseEndsByItself() async {
    let pause = RetryPause(soon: Self.long, longest: .milliseconds(30))
    let started = ContinuousClock.now
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<2 { group.addTask { await pause.wait(random: 0) } }
      await group.next()
      #expect(started.duration(to: .now) >= .milliseconds(30))
      group.cancelAll()
    }
  }
}
