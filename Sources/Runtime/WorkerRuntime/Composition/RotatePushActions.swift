import MatrixJSON
import PushRules
import TaskScheduler

/// The walk of `PushCleanup` through its table, as a task.
struct RotatePushActions: Sendable {
  static let action = TaskAction<NoPayload, Walk>(
    "rotate_push_actions", limit: 1, every: .seconds(3600))

  let cleanup: PushCleanup

  /// Where it has come.
  struct Walk: TaskPayload {
    let place: PushCleanup.Place

    init(_ place: PushCleanup.Place) {
      self.place = place
    }

    init(_ json: JSONView) {
      place = PushCleanup.Place(
        user: json["user"]?.string ?? "", room: json["room"]?.string ?? "")
    }

    var json: JSON { ["user": .string(place.user), "room": .string(place.room)] }
  }

  func callAsFunction(_ run: TaskRun<NoPayload, Walk>) async throws -> TaskOutcome<Walk> {
    var place = run.progress?.place ?? PushCleanup.Place()
    var began = ContinuousClock.now
    while let next = try await cleanup.step(from: place) {
      place = next
      try await run.update(Walk(place))
      try await Task.sleep(for: StepPace.rest(after: ContinuousClock.now - began))
      began = ContinuousClock.now
    }
    return .complete()
  }
}
