package import MatrixIdentifiers
package import TaskScheduler

/// Schedules deletions of rooms, and tells how they go.
package struct ScheduleDeletion: Sendable {
  private static let lookAgain = Duration.milliseconds(100)

  private let scheduler: TaskScheduler

  package init(scheduler: TaskScheduler) {
    self.scheduler = scheduler
  }

  /// - Returns: the id of the task; nil when the room is being deleted already.
  package func schedule(_ room: RoomID, _ deletion: RoomDeletion) async throws -> String? {
    guard try await deletions(of: room).allSatisfy({ $0.status.isFinal }) else { return nil }
    return try await scheduler.schedule(
      DeleteRoom.action, deletion, resource: room.text,
      uniqueKey: "\(DeleteRoom.action.name) \(room.text)")
  }

  /// All that are known, the oldest first.
  package func deletions(of room: RoomID) async throws -> [ScheduledTask] {
    var filter = TaskFilter()
    filter.actions = [DeleteRoom.action.name]
    filter.resource = room.text
    return try await scheduler.list(filter)
  }

  /// Waits for the end of a deletion.
  /// - Returns: how it stands then, or after `patience`.
  package func end(of id: String, within patience: Duration) async throws -> ScheduledTask {
    let deadline = ContinuousClock.now + patience
    while true {
      let task = try await scheduler.get(id)
      guard !task.status.isFinal, ContinuousClock.now < deadline else { return task }
      try await Task.sleep(for: Self.lookAgain)
    }
  }

  /// Nil when there is no such deletion.
  package func deletion(_ id: String) async throws -> ScheduledTask? {
    do {
      let task = try await scheduler.get(id)
      return task.action == DeleteRoom.action.name ? task : nil
    } catch TaskError.notFound {
      return nil
    }
  }
}

extension TaskStatus {
  package var isFinal: Bool {
    switch self {
    case .scheduled, .active: false
    case .complete, .failed, .cancelled: true
    }
  }
}
