package import Logging
import MatrixJSON
package import Postgres
package import TaskScheduler

/// The task that makes background updates, one at a time in the whole fleet, until none is left.
/// The lease of the task is all that keeps a second process from the same.
package struct RunBackgroundUpdates: Sendable {
  package static let action = TaskAction<NoPayload, CurrentUpdate>(
    "background_updates", limit: 1)

  /// Before an update that failed is tried again.
  private static let retryPause = Duration.seconds(60)
  /// Between two looks at the build of an index.
  private static let indexPoll = Duration.milliseconds(500)
  /// Characters of an error that are kept.
  private static let errorLimit = 2000

  private let updates: [String: BackgroundUpdate]
  private let pace: UpdatePace
  private let database: Database
  private let logger: Logger

  package init(
    _ updates: [BackgroundUpdate], pace: UpdatePace, database: Database, logger: Logger
  ) {
    self.updates = Dictionary(updates.map { ($0.name, $0) }) { first, _ in first }
    self.pace = pace
    self.database = database
    self.logger = logger
  }

  package func callAsFunction(
    _ run: TaskRun<NoPayload, CurrentUpdate>
  ) async throws -> TaskOutcome<CurrentUpdate> {
    let names = Array(updates.keys)
    var pacing: [String: BatchPacing] = [:]
    while try await UpdateStore.isEnabled(on: database) {
      guard let next = try await UpdateStore.next(among: names, on: database),
        let update = updates[next.name]
      else {
        let retry = try await UpdateStore.nextRetry(among: names, on: database)
        return retry.map { .again(.at($0)) } ?? .complete()
      }
      do {
        var own = pacing[next.name] ?? BatchPacing(pace)
        try await work(on: update, &own, run)
        pacing[next.name] = own
        try await pause(own)
      } catch let error as PostgresError where error.kind == .other {
        try await note(error, of: update)
      } catch let error where !(error is TaskError || error is PostgresError) {
        try Task.checkCancellation()
        try await note(error, of: update)
      }
    }
    return .complete()
  }

  private func work(
    on update: BackgroundUpdate, _ pacing: inout BatchPacing,
    _ run: TaskRun<NoPayload, CurrentUpdate>
  ) async throws {
    switch update.kind {
    case .batches(let work):
      let size = pacing.size
      let start = ContinuousClock.now
      let items = try await batch(of: update, work, size, run)
      pacing.note(items: items, took: ContinuousClock.now - start)
    case .index(let index):
      let start = ContinuousClock.now
      try await build(index, for: update.name, run)
      let step = BackgroundUpdate.Step(progress: .object([:]), items: 0, isDone: true)
      try await run.step { transaction in
        try await UpdateStore.store(
          step, of: update.name, took: ContinuousClock.now - start, on: transaction)
        return CurrentUpdate(update.name, step.progress)
      }
    }
  }

  /// - Returns: how many items were looked at.
  private func batch(
    of update: BackgroundUpdate, _ work: BackgroundUpdate.Work, _ size: Int,
    _ run: TaskRun<NoPayload, CurrentUpdate>
  ) async throws -> Int {
    let shown = try await run.step { transaction in
      let start = ContinuousClock.now
      guard let state = try await UpdateStore.find(update.name, on: transaction) else {
        return CurrentUpdate(update.name, ["items": 0])
      }
      let progress = JSON(try JSONDocument(Array(state.progress.utf8)).root)
      let step = try await work(BackgroundUpdate.Batch(progress: progress, size: size), transaction)
      try await UpdateStore.store(
        step, of: update.name, took: ContinuousClock.now - start, on: transaction)
      return CurrentUpdate(update.name, ["items": .integer(Int64(step.items))])
    }
    return Int(shown.progress["items"]?.integer ?? 0)
  }

  private func pause(_ pacing: BatchPacing) async throws {
    let start = ContinuousClock.now
    try await UpdateStore.probe(on: database)
    try await Task.sleep(for: pacing.pause(latency: ContinuousClock.now - start))
  }

  private func note(_ error: any Error, of update: BackgroundUpdate) async throws {
    logger.error(
      "a background update failed and will be tried again",
      metadata: ["update": "\(update.name)", "error": "\(error)"])
    try await UpdateStore.fail(
      update.name, String("\(error)".prefix(Self.errorLimit)), retryAfter: Self.retryPause,
      on: database)
  }
}

// Indexes are built outside of transactions, on a connection of their own.
extension RunBackgroundUpdates {
  /// Another session may still be at it: that of a process which is gone, or was paused.
  private func build(
    _ index: IndexBuild, for name: String, _ run: TaskRun<NoPayload, CurrentUpdate>
  ) async throws {
    while true {
      switch try await IndexStore.state(index, on: database) {
      case .ready: return
      case .building: try await watch(index, name, run)
      case .broken: try await database.runScript(index.removal)
      case .absent: try await begin(index, name, run)
      }
    }
  }

  private func begin(
    _ index: IndexBuild, _ name: String, _ run: TaskRun<NoPayload, CurrentUpdate>
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [database] in try await database.runScript(index.sql) }
      group.addTask {
        do {
          while true { try await watch(index, name, run) }
        } catch {
          // The statement does not end by itself, and this process waits for it.
          try? await IndexStore.breakOff(index, on: database)
          throw error
        }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func watch(
    _ index: IndexBuild, _ name: String, _ run: TaskRun<NoPayload, CurrentUpdate>
  ) async throws {
    try await Task.sleep(for: Self.indexPoll)
    guard let progress = try await IndexStore.progress(index, on: database) else { return }
    try await run.update(CurrentUpdate(name, progress.json))
  }
}
