import Executors
package import Logging
import MatrixCrypto
import MatrixJSON
package import Postgres
package import Streams
import Synchronization

/// Runs the tasks of the registered actions, beside the other runners of the fleet.
package final class TaskRunner: Sendable {
  private static let retryPause = Duration.milliseconds(200)

  private struct State {
    var machine: TaskRunnerMachine
    var tasks: [String: RunningTask] = [:]
  }

  private let registry: TaskRegistry
  private let database: Database
  private let store: RunnerStore
  private let timing: TaskTiming
  private let metrics = TaskMetrics()
  private let logger: Logger
  private let state: Mutex<State>
  private let wakeup = Wakeup()
  private let origin = ContinuousClock.now

  /// - Parameters:
  ///   - name: the instance's; of all runners only one has it.
  ///   - limit: tasks that run at a time in this process.
  package init(
    name: String, limit: Int, registry: TaskRegistry, database: Database,
    invalidations: InvalidationFeed, timing: TaskTiming = TaskTiming(), logger: Logger
  ) {
    self.registry = registry
    self.database = database
    self.timing = timing
    self.logger = logger
    store = RunnerStore(runner: name, database: database)
    state = Mutex(State(machine: TaskRunnerMachine(limit: limit, poll: timing.poll)))
    invalidations.onInvalidate(.scheduledTasks) { [weak self] _ in
      self?.tell { $0.hinted(at: $1) }
    }
  }

  /// Works until the task is cancelled; what is under way then is left to the other runners.
  package func run() async {
    await prepare()
    await withDiscardingTaskGroup { group in
      group.addTask { await self.renewLeases() }
      group.addTask { await self.watchForStuckTasks() }
      while !Task.isCancelled {
        switch state.withLock({ $0.machine.next(at: now) }) {
        case .wait(let duration): await wakeup.wait(atMost: duration)
        case .claim(let room):
          for task in await claim(room) {
            group.addTask { await self.run(task) }
          }
        }
      }
    }
  }

  private var now: Duration { ContinuousClock.now - origin }

  private func tell(_ change: (inout TaskRunnerMachine, Duration) -> Void) {
    let count = state.withLock { state in
      change(&state.machine, now)
      return state.tasks.count
    }
    metrics.note(running: count)
    wakeup.raise()
  }

  private func prepare() async {
    await untilDone("cannot make the recurring tasks") { [self] in
      try await store.releaseOwn()
      for entry in registry.all {
        guard let period = entry.period else { continue }
        try await store.ensure(
          NewTask(
            id: SecureRandom.string(16), action: entry.name, resource: nil,
            uniqueKey: "recurring/\(entry.name)", parameters: nil,
            due: .after(min(timing.firstDelay, period))))
      }
    }
  }

  private func claim(_ room: Int) async -> [RunningTask] {
    let own = state.withLock { Array($0.tasks.keys) }
    do {
      let claim = try await store.claim(
        registry.all, besides: own, room: room, lease: timing.lease)
      let tasks = claim.tasks.map { RunningTask($0, database: database) }
      state.withLock { state in
        for task in tasks { state.tasks[task.id] = task }
        state.machine.answered(claim, room: room, at: now, random: .random(in: 0..<1))
      }
      return tasks
    } catch {
      tell { $0.failed(at: $1, random: .random(in: 0..<1)) }
      if !Task.isCancelled {
        logger.debug("cannot ask for tasks", metadata: ["error": "\(error)"])
      }
      return []
    }
  }

  private func run(_ task: RunningTask) async {
    let claimed = task.claimed
    if !claimed.resumes { metrics.noteStart(late: claimed.late) }
    metrics.note(running: state.withLock { $0.tasks.count })
    let ending = await launch(task)
    if Task.isCancelled, task.reason == nil, ending == nil {
      await untilDone("cannot leave a task to others") { try await self.store.release(task) }
    } else if let ending {
      await untilDone("cannot store how a task ended") { try await self.store.end(task, ending) }
    }
    state.withLock { $0.tasks[task.id] = nil }
    tell { $0.ended(at: $1) }
  }

  /// - Returns: nil when there is nothing to be stored.
  private func launch(_ task: RunningTask) async -> TaskEnding? {
    let claimed = task.claimed
    guard let entry = registry.entry(claimed.action) else { return nil }
    do {
      if claimed.isCancelled { throw TaskError.cancelled }
      guard claimed.fruitless <= TaskEnding.launchLimit else {
        let reason = "launched \(TaskEnding.launchLimit) times without any progress"
        return try TaskEnding(.failed(reason), period: entry.period)
      }
      return try TaskEnding(try await outcome(of: task, entry), period: entry.period)
    } catch  where Task.isCancelled && task.reason == nil {
      // Whatever it was, it may have come of the end of this process.
      return nil
    } catch {
      let ending = TaskEnding(error, of: claimed, stop: task.reason, period: entry.period)
      log(error, of: claimed, ending)
      return ending
    }
  }

  /// Runs the function until it ends by itself or is called off, which cancels its Swift task.
  private func outcome(
    of task: RunningTask, _ entry: TaskRegistry.Entry
  ) async throws -> TaskOutcome<JSON> {
    try await withThrowingTaskGroup(of: TaskOutcome<JSON>?.self) { group in
      group.addTask { try await entry.launch(task) }
      group.addTask {
        await task.stopped.value(ifCancelled: ())
        return nil
      }
      defer { group.cancelAll() }
      while let ended = try await group.next() {
        if let ended { return ended }
        group.cancelAll()
      }
      throw CancellationError()
    }
  }

  private func renewLeases() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: timing.renewal)
      let tasks = state.withLock { Array($0.tasks.values) }
      guard !tasks.isEmpty, !Task.isCancelled else { continue }
      do {
        let held = try await store.renew(tasks, lease: timing.lease)
        for task in tasks {
          switch held[task.id] {
          case false?: break
          case true?: task.callOff(.cancelled)
          // One that has just ended is not among them either, and minds nothing any more.
          case nil: task.callOff(.lost)
          }
        }
      } catch {
        logger.debug("cannot renew the leases of tasks", metadata: ["error": "\(error)"])
      }
    }
  }

  private func watchForStuckTasks() async {
    while !Task.isCancelled {
      if let found = try? await store.stuck() {
        metrics.note(stuck: found.count)
        for task in found.own {
          logger.warning(
            "a task has stored no progress for a day",
            metadata: ["task": "\(task.id)", "action": "\(task.action)"])
        }
      }
      try? await Task.sleep(for: timing.stuckSweep)
    }
  }

  /// Tries again while the database is away. A process that stops gives up after the first try,
  /// as the lease ends by itself; so does one whose statement is refused.
  private func untilDone(_ message: Logger.Message, _ work: () async throws -> Void) async {
    while true {
      do {
        return try await work()
      } catch {
        guard !Task.isCancelled else { return }
        if let error = error as? PostgresError, error.kind == .other {
          return logger.error(message, metadata: ["error": "\(error)"])
        }
        logger.debug(message, metadata: ["error": "\(error)"])
        try? await Task.sleep(for: Self.retryPause)
      }
    }
  }

  private func log(_ error: any Error, of task: ClaimedTask, _ ending: TaskEnding?) {
    logger.log(
      level: ending?.status == .failed ? .error : .info, "a task was broken off",
      metadata: [
        "task": "\(task.id)", "action": "\(task.action)", "error": "\(error)",
        "becomes": "\(ending?.status.rawValue ?? "another runner's")",
      ])
  }
}
