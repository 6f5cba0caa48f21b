package import MatrixIdentifiers
package import Postgres
package import Rooms
package import TaskScheduler

package enum PurgeError: Error, Sendable, Equatable {
  case unknownRoom
  /// The event is not in the room's history.
  case unknownEvent
  /// Another purge of the room has not ended.
  case isUnderWay
  case unknownPurge
}

/// Schedules purges of rooms' histories, and tells how they go.
package struct SchedulePurge: Sendable {
  /// What is to stay.
  package enum Bound: Sendable {
    /// This event and what came after it.
    case event(EventID)
    /// What was sent at this moment or later; milliseconds since the epoch.
    case time(Int64)
  }

  private let scheduler: TaskScheduler
  private let places: FindEventByTime
  private let database: any Querying

  package init(scheduler: TaskScheduler, places: FindEventByTime, database: any Querying) {
    self.scheduler = scheduler
    self.places = places
    self.database = database
  }

  /// - Returns: the id of the task.
  /// - Throws: `PurgeError`, `TaskError`, `PostgresError`.
  package func schedule(_ room: RoomID, before bound: Bound) async throws -> String {
    guard let end = try await end(of: room, before: bound) else { throw PurgeError.unknownEvent }
    return try await schedule(room, end: end)
  }

  /// The place before which everything goes; nil when the event is not in the room's history.
  func end(of room: RoomID, before bound: Bound) async throws -> Int64? {
    switch bound {
    case .event(let event):
      guard try await HistoryPurge.end(before: 0, in: room, on: database) != nil else {
        throw PurgeError.unknownRoom
      }
      return try await HistoryPurge.end(before: event, in: room, on: database)
    case .time(let time):
      guard let place = try? await places.place(of: time, in: room) else {
        throw PurgeError.unknownRoom
      }
      return try await HistoryPurge.end(before: place, in: room, on: database)
    }
  }

  func schedule(_ room: RoomID, end: Int64) async throws -> String {
    guard try await purges(of: room, .scheduled) + purges(of: room, .active) == 0 else {
      throw PurgeError.isUnderWay
    }
    return try await scheduler.schedule(
      PurgeHistory.action, PurgeHistory.Parameters(end: end), resource: room.text,
      uniqueKey: "\(PurgeHistory.action.name) \(room.text)")
  }

  /// - Throws: `PurgeError.unknownPurge`.
  package func status(of id: String) async throws -> ScheduledTask {
    do {
      let task = try await scheduler.get(id)
      guard task.action == PurgeHistory.action.name else { throw PurgeError.unknownPurge }
      return task
    } catch TaskError.notFound {
      throw PurgeError.unknownPurge
    }
  }

  private func purges(of room: RoomID, _ status: TaskStatus) async throws -> Int {
    var filter = TaskFilter()
    filter.actions = [PurgeHistory.action.name]
    filter.resource = room.text
    filter.statuses = [status]
    return try await scheduler.list(filter).count
  }
}
