import MatrixIdentifiers
package import MatrixJSON
import Postgres
import Rooms
package import Streams
package import TaskScheduler

/// The task that takes the older part of a room's history away, in small steps that leave other
/// work its time.
///
/// As in Synapse all events of such a time go, those of this server's users too, in every room
/// version whose event ids name no server.
package struct PurgeHistory: Sendable {
  /// The room is the task's resource.
  package static let action = TaskAction<Parameters, Progress>("purge_history", limit: 2)

  /// Events in one transaction.
  private static let batch: Int64 = 100
  /// How long to wait for others who change the room's history.
  private static let patience = Duration.seconds(5)

  package struct Parameters: TaskPayload {
    /// What is before this place in the room goes.
    let end: Int64

    package init(end: Int64) {
      self.end = end
    }

    package init(_ json: JSONView) throws {
      guard let end = json["end"]?.integer else { throw TaskError.notFound }
      self.end = end
    }

    package var json: JSON { ["end": .integer(end)] }
  }

  package struct Progress: TaskPayload {
    var removed: Int64 = 0
    var hidden: Int64 = 0
    /// The last event that was linked; nil once all are.
    var linked: Int64?
    /// The last event that went; nil before the first.
    var gone: Int64?
    var isDone = false

    init(linked: Int64) {
      self.linked = linked
    }

    package init(_ json: JSONView) {
      removed = json["removed_events"]?.integer ?? 0
      hidden = json["hidden_state_events"]?.integer ?? 0
      linked = json["linked"]?.integer
      gone = json["gone"]?.integer
      isDone = json["done"]?.bool ?? false
    }

    package var json: JSON {
      [
        "removed_events": .integer(removed), "hidden_state_events": .integer(hidden),
        "linked": linked.map { .integer($0) } ?? .null, "gone": gone.map { .integer($0) } ?? .null,
        "done": .bool(isDone),
      ]
    }
  }

  private let locks: WorkerLocks
  private let invalidations: InvalidationFeed

  package init(locks: WorkerLocks, invalidations: InvalidationFeed) {
    self.locks = locks
    self.invalidations = invalidations
  }

  package func callAsFunction(
    _ run: TaskRun<Parameters, Progress>
  ) async throws -> TaskOutcome<Progress> {
    guard let room = run.resource.flatMap({ RoomID($0) }) else {
      return .failed("the task names no room")
    }
    do {
      try await locks.withLock(.roomHistory, room.text, .exclusive, patience: Self.patience) {
        held in
        var progress = run.progress ?? Progress(linked: run.parameters.end - 1)
        while !progress.isDone {
          let began = ContinuousClock.now
          progress = try await step(run, room, held, progress)
          guard !progress.isDone else { break }
          try await Task.sleep(for: StepPace.rest(after: ContinuousClock.now - began))
        }
        try await run.update(progress)
      }
    } catch let error as LockError {
      throw TaskError.interrupted(reason: "\(error)")
    }
    invalidations.announce(.roomHistories, [room.text])
    return .complete()
  }

  private func step(
    _ run: TaskRun<Parameters, Progress>, _ room: RoomID, _ held: HeldLock, _ before: Progress
  ) async throws -> Progress {
    let end = run.parameters.end
    return try await run.step(.repeatable, under: [.plansByIndex, held.fence()]) { transaction in
      var progress = before
      if let place = progress.linked {
        progress.linked = try await HistoryPurge.link(
          room, after: place, end: end, limit: Self.batch, in: transaction)
        return progress
      }
      let removed = try await HistoryPurge.remove(
        room, after: progress.gone ?? .min, end: end, limit: Self.batch, in: transaction)
      progress.removed += removed.deleted
      progress.hidden += removed.hidden
      if let last = removed.last {
        progress.gone = last
      } else {
        progress.isDone = true
        _ = try await transaction.queryAll([
          InvalidationFeed.statement(.roomHistories, [room.text])
        ])
      }
      return progress
    }
  }
}
