package import Executors
package import Logging
package import Postgres
import Streams
import Synchronization

/// Sends delayed events when their time has come, beside the other runners of the fleet.
package final class DelayedEventRunner: Sendable {
  /// Between two counts of what is scheduled.
  private static let countInterval = Duration.seconds(60)

  private let batch: DelayedBatch
  private let claims: ClaimStore
  private let hints: DelayedEventHints
  private let database: Database
  private let clock: any WallClock
  private let logger: Logger
  private let machine = Mutex(DelayedEventMachine())
  private let timing = DelayedEventMachine.Timing()
  private let wakeup = Wakeup()
  /// Raised when there is a lease to be kept.
  private let holding = Wakeup()
  private let metrics = DelayedEventMetrics()
  private let origin = ContinuousClock.now

  /// - Parameter name: the instance's; of all runners only one has it.
  package init(
    name: String, batch: DelayedBatch, hints: DelayedEventHints, database: Database,
    clock: any WallClock, logger: Logger
  ) {
    self.batch = batch
    self.hints = hints
    self.database = database
    self.clock = clock
    self.logger = logger
    claims = ClaimStore(holder: name, database: database)
    hints.follow { [weak self] due in
      self?.machine.withLock { $0.hinted(due: due) }
      self?.wakeup.raise()
    }
  }

  /// Works until the task is cancelled; what it has taken is left to the others then.
  package func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.countScheduled() }
      group.addTask { await self.keepLease() }
      while !Task.isCancelled {
        switch machine.withLock({ $0.next(at: moment) }) {
        case .wait(let milliseconds):
          await wakeup.wait(atMost: .milliseconds(milliseconds))
        case .claim(let limit): await claim(limit)
        case .release(let delays, let rest): await release(delays, rest: rest)
        case .send(let delays): group.addTask { await self.send(delays) }
        }
      }
    }
    // The task is cancelled, which a statement does not mind.
    try? await claims.leave()
  }

  private var moment: DelayedEventMachine.Moment {
    let uptime = (ContinuousClock.now - origin) / .milliseconds(1)
    return DelayedEventMachine.Moment(now: clock.now(), uptime: Int64(uptime))
  }

  private func claim(_ limit: Int) async {
    let own = machine.withLock { $0.own }
    do {
      let claim = try await claims.claim(
        limit, besides: own, lease: timing.lease, now: clock.now())
      machine.withLock { $0.claimed(claim, limit: limit, at: moment) }
      if !claim.taken.isEmpty { holding.raise() }
    } catch {
      logger.debug("cannot ask for delayed events", metadata: ["error": "\(error)"])
      machine.withLock { $0.claimFailed(at: moment) }
    }
  }

  private func send(_ delays: [ClaimedDelay]) async {
    guard let room = delays.first?.event.roomID else { return }
    let ending = await batch(delays)
    let left = machine.withLock { $0.ended(delays, in: room, ending, at: moment) }
    if case .release(let delays, let rest) = left { await release(delays, rest: rest) }
    wakeup.raise()
  }

  private func release(_ delays: [ClaimedDelay], rest: Int64) async {
    await tryOut("cannot leave delayed events to others") { [self] in
      try await claims.release(delays, rest: rest)
      if rest == 0 { hints.anyDue() }
    }
  }

  private func keepLease() async {
    while !Task.isCancelled {
      guard machine.withLock({ $0.isHolding }) else {
        await holding.wait(atMost: .milliseconds(timing.poll))
        continue
      }
      try? await Task.sleep(for: .milliseconds(timing.renewal))
      await tryOut("cannot renew a lease on delayed events") { [self] in
        try await claims.renew(timing.lease)
      }
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
