import DeviceMessages
import MatrixJSON
import TaskScheduler

/// The walk of `DeviceMessageCleanup` through the inboxes, as a task.
enum RemoveOrphanedMessages {
  static let action = TaskAction<NoPayload, Progress>(
    "remove_messages_of_deleted_devices", limit: 1, every: .seconds(3600))

  private static let batch: Int64 = 200

  struct Progress: TaskPayload {
    let walk: DeviceMessageCleanup.Walk

    init(_ walk: DeviceMessageCleanup.Walk) {
      self.walk = walk
    }

    init(_ json: JSONView) {
      walk = DeviceMessageCleanup.Walk(
        place: json["place"]?.integer, removed: json["removed"]?.integer ?? 0)
    }

    var json: JSON {
      ["place": walk.place.map { .integer($0) } ?? .null, "removed": .integer(walk.removed)]
    }
  }

  static func run(_ run: TaskRun<NoPayload, Progress>) async throws -> TaskOutcome<Progress> {
    var walk = run.progress?.walk ?? DeviceMessageCleanup.Walk()
    while walk.place != nil {
      let (before, began) = (walk, ContinuousClock.now)
      walk = try await run.step { transaction in
        Progress(
          try await DeviceMessageCleanup.removeOrphans(before, limit: batch, on: transaction))
      }.walk
      try await Task.sleep(for: StepPace.rest(after: ContinuousClock.now - began))
    }
    return .complete(Progress(walk))
  }
}
