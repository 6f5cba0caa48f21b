import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Executors

struct WaiterTests {
  @Test func theFirstOutcomeCounts() async {
    let waiter = Waiter<Int>()
    #expect(waiter.resolve(1))
    #expect(!waiter.resolve(2))
    #expect(await waiter.value(ifCancelled: 0) == 1)
  }

  @Test func aWaitingTaskIsResumed() async {
    let waiter = Waiter<Int>()
    async let value = waiter.value(ifCancelled: 0)
    await Task.yield()
    waiter.resolve(7)
    #expect(await value == 7)
  }

  @Test func cancellationIsAnOutcome() async {
    let waiter = Waiter<Int>()
    let task = Task { await waiter.value(ifCancelled: -1) }
    task.cancel()
    #expect(await task.value == -1)
    #expect(!waiter.resolve(3))
  }

  @Test(arguments: [true, false])
  func aWatchIsCalledOnce(early: Bool) {
    let waiter = Waiter<Int>()
    let seen = Mutex<[Int]>([])
    if early { waiter.resolve(1) }
    waiter.whenResolved { value in seen.withLock { $0.append(value) } }
    #expect(waiter.resolve(2) == !early)
    #expect(!waiter.resolve(3))
    #expect(seen.withLock { $0 } == [early ? 1 : 2])
  }

  @Test func aLimitIsAnOutcome() async {
    let waiter = Waiter<Int>()
    #expect(await waiter.value(within: .milliseconds(5), otherwise: -2) == -2)
  }

  @Test func anOutcomeBeforeTheLimitCounts() async {
    let waiter = Waiter<Int>()
    waiter.resolve(4)
    #expect(await waiter.value(within: .seconds(60), otherwise: -2) == 4)
  }
}

struct BackoffTests {
  @Test func delaysGrowToTheCeilingAndStartOver() {
    var backoff = Backoff(first: .seconds(1), factor: 3, ceiling: .seconds(5))
    let delays = (0..<4).map { _ in backoff.delay(random: 0) }
    #expect(delays == [.seconds(1), .seconds(3), .seconds(5), .seconds(5)])
    backoff.reset()
    #expect(backoff.delay(random: 0) == .seconds(1))
  }

  @Test func jitterOnlyShortens() {
    var backoff = Backoff(first: .seconds(4), ceiling: .seconds(60))
    let delay = backoff.delay(random: 1)
    #expect(delay < .seconds(4) && delay >= .seconds(3))
  }
}

struct BlockingPoolTests {
  @Test func moreThanTheLimitIsRefused() async throws {
    let pool = BlockingPool(threads: 1, queueLimit: 1)
    let began = Waiter<Void>()
    let release = Waiter<Void>()
    let first = Task {
      try await pool.run {
        began.resolve(())
        let group = MultiThreadedEventLoopGroup.singleton
        let done = group.next().makePromise(of: Void.self)
        Task {
          await release.value(ifCancelled: ())
          done.succeed(())
        }
        try done.futureResult.wait()
        return 1
      }
    }
    await began.value(ifCancelled: ())
    await #expect(throws: BlockingPoolError.self) { _ = try await pool.run { 2 } }
    release.resolve(())
    #expect(try await first.value == 1)
    #expect(try await pool.run { 3 } == 3)
    await pool.shutdown()
  }

  @Test func errorsOfTheWorkComeBack() async {
    struct Failure: Error {}
    let pool = BlockingPool(threads: 1, queueLimit: 4)
    await #expect(throws: Failure.self) { try await pool.run { throw Failure() } }
    await pool.shutdown()
  }
}

struct ClockTests {
  @Test func theSystemClockCountsMillisecondsSinceTheEpoch() {
    // After 2020 and before 2100.
    #expect((1_577_836_800_000...4_102_444_800_000).contains(SystemClock().now()))
  }
}

struct LoopExecutorTests {
  @Test func tasksStayOnTheLoop() async {
    let executor = LoopExecutor(loop: MultiThreadedEventLoopGroup.singleton.next())
    let inside = await Task(executorPreference: executor) {
      await Task.yield()
      return executor.loop.inEventLoop
    }.value
    #expect(inside)
  }

  @Test func scheduledWorkRunsUnlessCancelled() async {
    let executor = LoopExecutor(loop: MultiThreadedEventLoopGroup.singleton.next())
    let waiter = Waiter<Int>()
    let cancelled = executor.schedule(after: .milliseconds(1)) { waiter.resolve(1) }
    cancelled.cancel()
    _ = executor.schedule(after: .milliseconds(5)) { waiter.resolve(2) }
    #expect(await waiter.value(ifCancelled: 0) == 2)
  }
}
