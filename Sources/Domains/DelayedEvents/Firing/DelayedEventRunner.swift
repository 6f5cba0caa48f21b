package import Executors
package import Logging
package import Postgres
import Streams
import Synchronization

/// Sends delayed events when their time has come, beside the other runners of the fleet.
package final class DelayedEventRunner: Sendable {
  /// Between two counts of what is scheduled.
  private static let countInterval = Duration.seconds(60)

  private let name: String
  private let batch: DelayedBatch
  private let claims: ClaimStore
  private let database: Database
  private let clock: any WallClock
  private let logger: Logger
  private let machine = Mutex(DelayedEventMachine())
  private let wakeup = Wakeup()
  private let metrics = DelayedEventMetrics()
  private let origin = ContinuousClock.now

  /// - Parameter name: the instance's; of all runners only one has it.
  package init(
    name: String, batch: DelayedBatch, hints: DelayedEventHints, database: Database,
    clock: any WallClock, logger: Logger
  ) {
    self.name = name
    self.batch = batch
    self.database = database
    self.clock = clock
    self.logger = logger
    claims = ClaimStore(database: database)
    hints.follow { [weak self] due in
      self?.machine.withLock { $0.hinted(due: due) }
      self?.wakeup.raise()
    }
  }

  /// Works until the task is cancelled; what it has taken is left to the others then.
  package func run() async {
    await tryOut("cannot leave what an earlier process held") { [self] in
      try await claims.releaseAll(of: name)
    }
    await withDiscardingTaskGroup { group in
      group.addTask { await self.countScheduled() }
      while !Task.isCancelled {
        switch machine.withLock({ $0.next(at: moment) }) {
        case .wait(let milliseconds):
          await wakeup.wait(atMost: .milliseconds(milliseconds))
        case .claim(let limit): await claim(limit)
        case .release(let delays, let time): await release(delays, until: time)
        case .send(let delays): group.addTask { await self.send(delays) }
        }
      }
    }
    // The task is cancelled, which a statement does not mind.
    try? await claims.releaseAll(of: name)
  }

  private var moment: DelayedEventMachine.Moment {
    let uptime = (ContinuousClock.now - origin) / .milliseconds(1)
    return DelayedEventMachine.Moment(now: clock.now(), uptime: Int64(uptime))
  }

  private func claim(_ limit: Int) async {
    let (own, lease) = machine.withLock { ($0.own, $0.timing.lease) }
    do {
      let claim = try await claims.claim(
        limit, by: name, besides: own, lease: lease, now: clock.now())
      machine.withLock { $0.claimed(claim, limit: limit) }
    } catch {
      logger.debug("cannot ask for delayed events", metadata: ["error": "\(error)"])
      machine.withLock { $0.claimFailed(at: moment) }
    }
  }

  private func send(_ delays: [ClaimedDelay]) async {
    guard let room = delays.first?.event.roomID else { return }
    let ending = await batch(delays)
    let (rest, retry) = machine.withLock { machine in
      (
        machine.ended(delays, in: room, ending, at: moment), machine.timing.retry
      )
    }
    if ending == .unavailable { await release(delays + rest, until: clock.now() + retry) }
    wakeup.raise()
  }

  private func release(_ delays: [ClaimedDelay], until time: Int64) async {
    await tryOut("cannot leave delayed events to others") { [claims] in
      try await claims.release(delays, until: time)
    }
  }

  private func countScheduled() async {
    while !Task.isCancelled {
      await tryOut("cannot count delayed events") { [self] in
        metrics.note(scheduled: try await FinalisedDelays.scheduledCount(on: database))
      }
      try? await Task.sleep(for: Self.countInterval)
    }
  }

  /// Of what is not done now another time takes care, as leases end by themselves.
  private func tryOut(_ message: Logger.Message, _ work: () async throws -> Void) async {
    do {
      try await work()
    } catch {
      logger.debug(message, metadata: ["error": "\(error)"])
    }
  }
}
