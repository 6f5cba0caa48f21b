import MatrixIdentifiers
import MatrixJSON
import Postgres
import Rooms
import Streams
import TaskScheduler

/// The work of `StateCleaner` on one room, as after a part of its history was taken away.
struct CleanRoomState: Sendable {
  /// The room is the task's resource.
  static let action = TaskAction<NoPayload, Walk>("clean_room_state", limit: 10)

  private static let patience = Duration.seconds(5)

  let locks: WorkerLocks

  struct Walk: TaskPayload {
    /// Layers.
    var removed: Int64 = 0
    /// Where to go on; nil at the end.
    var next: Int64? = .max

    init() {}

    init(_ json: JSONView) {
      removed = json["removed"]?.integer ?? 0
      next = json["next"]?.integer
    }

    var json: JSON {
      ["removed": .integer(removed), "next": next.map { .integer($0) } ?? .null]
    }
  }

  func callAsFunction(_ run: TaskRun<NoPayload, Walk>) async throws -> TaskOutcome<Walk> {
    guard let room = run.resource.flatMap({ RoomID($0) }) else {
      return .failed("the task names no room")
    }
    do {
      try await locks.withLock(.roomHistory, room.text, .exclusive, patience: Self.patience) {
        held in
        var walk = run.progress ?? Walk()
        while let end = walk.next {
          let (before, began) = (walk, ContinuousClock.now)
          walk = try await run.step(.repeatable, under: [.plansByIndex, held.fence()]) {
            transaction in
            let progress = try await StateCleaner.clean(room, before: end, in: transaction)
            var after = before
            after.removed += Int64(progress.removed)
            after.next = progress.next
            return after
          }
          guard walk.next != nil else { break }
          try await Task.sleep(for: StepPace.rest(after: ContinuousClock.now - began))
        }
        try await run.update(walk)
      }
    } catch let error as LockError {
      throw TaskError.interrupted(reason: "\(error)")
    }
    return .complete()
  }
}
