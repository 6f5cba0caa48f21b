import MatrixJSON
package import Postgres

/// A launch of a task, as its function sees it.
///
/// The function may be ended at any instant by the end of its process and is then launched again
/// with the progress stored last, so what it does goes in steps: `step` for what is done in the
/// database, which then happens exactly once; `update` for the rest, which has to be the same when
/// done twice. Both end a task that was cancelled, by `TaskError.cancelled`, and write nothing when
/// what was stored last is not there any more.
package struct TaskRun<Parameters: TaskPayload, Progress: TaskPayload>: Sendable {
  package let parameters: Parameters
  /// As it was stored before this launch.
  package let progress: Progress?
  private let running: RunningTask

  init(_ running: RunningTask) throws {
    self.running = running
    let parameters = Array((running.claimed.parameters ?? "{}").utf8)
    self.parameters = try Parameters(try JSONDocument(parameters).root)
    progress = try running.claimed.result.map { text in
      try Progress(try JSONDocument(Array(text.utf8)).root)
    }
  }

  package var id: String { running.id }
  /// The room or user that the task works on.
  package var resource: String? { running.claimed.resource }
  /// False when there was a launch before, even if that has stored nothing.
  package var isFirstLaunch: Bool { running.claimed.launch == 1 }

  /// Stores how far the task has come, so that it lasts, with all steps before it.
  /// - Throws: `TaskError`, `PostgresError`.
  package func update(_ progress: Progress) async throws {
    try running.check()
    let text = try TaskScheduler.text(progress)
    let isCancelled = try await ProgressStore.store(text, of: running, on: running.database)
    running.note(stored: text)
    if isCancelled { running.callOff(.cancelled) }
    try running.check()
  }

  /// Works in a transaction and stores in the same how far the task has come. Nothing is written
  /// if another runner has taken the task, and none can take it meanwhile.
  /// - Parameters:
  ///   - durability: whether a crash of the database's server may undo the step.
  ///   - fences: statements that are to come first, and fail when the step may not be done.
  ///   - body: run again after a conflict, so it has no other effects; its value is the new
  ///     progress.
  /// - Throws: `TaskError`, `PostgresError`, and what `body` throws.
  @discardableResult
  package func step(
    _ durability: StepDurability = .lasting, under fences: [Query] = [],
    _ body: @Sendable (Transaction) async throws -> Progress
  ) async throws -> Progress {
    try running.check()
    let opening = durability == .lasting ? [] : [Query.relaxedCommit]
    do {
      let (progress, text) = try await running.database.transaction { transaction in
        _ = try await transaction.queryAll(opening + [ProgressStore.fence(running)] + fences)
        let progress = try await body(transaction)
        let text = try TaskScheduler.text(progress)
        let isCancelled = try await ProgressStore.store(text, of: running, on: transaction)
        if isCancelled { running.callOff(.cancelled) }
        return (progress, text)
      }
      running.note(stored: text)
      try running.check()
      return progress
    } catch let error as PostgresError where ProgressStore.isRefused(error) {
      throw TaskError.lost
    }
  }
}

package enum StepDurability: Sendable {
  /// The step has outlived all crashes when it is done.
  case lasting
  /// A crash of the database's server may undo the last moments' steps together with their progress:
  /// they are done again. The step's end does not wait for the disk, and does not keep others from
  /// it. To be followed by a lasting step or an `update` before the task ends.
  case repeatable
}
