import TestKit
import Testing

@testable import Postgres

@Suite struct ReconnectPauseTests {
  private static let long = Duration.seconds(170)

  @Test func oneSuccessEndsEveryPause() async throws {
    let pause = ReconnectPause()
    let ended = Locked(0)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          await pause.wait(atMost: Self.long)
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

  @Test func aPauseEndsByItself() async {
    let started = ContinuousClock.now
    await ReconnectPause().wait(atMost: .milliseconds(30))
    #expect(started.duration(to: .now) >= .milliseconds(30))
  }

  @Test func aPauseEndsWithItsTask() async {
    let pause = ReconnectPause()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await pause.wait(atMost: Self.long) }
      group.cancelAll()
    }
  }
}
