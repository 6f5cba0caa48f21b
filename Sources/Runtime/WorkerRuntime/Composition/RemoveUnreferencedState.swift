import MatrixIdentifiers
import MatrixJSON
import Rooms
import Streams
import TaskScheduler

/// The work of `StateCleaner` on all rooms, one after the other, as a task.
struct RemoveUnreferencedState: Sendable {
  static let action = TaskAction<NoPayload, Walk>(
    "remove_unreferenced_state", limit: 1, every: .seconds(7 * 86_400))

  private static let roomsAtATime: Int64 = 100

  let cleaner: StateCleaner
  let locks: WorkerLocks

  struct Walk: TaskPayload {
    /// The last room that is done.
    var room = ""
    var rooms: Int64 = 0
    /// Layers.
    var removed: Int64 = 0

    init() {}

    init(_ json: JSONView) {
      room = json["room"]?.string ?? ""
      rooms = json["rooms"]?.integer ?? 0
      removed = json["removed"]?.integer ?? 0
    }

    var json: JSON {
      ["room": .string(room), "rooms": .integer(rooms), "removed": .integer(removed)]
    }
  }

  func callAsFunction(_ run: TaskRun<NoPayload, Walk>) async throws -> TaskOutcome<Walk> {
    var walk = run.progress ?? Walk()
    while true {
      let rooms = try await cleaner.rooms(after: walk.room, limit: Self.roomsAtATime)
      guard !rooms.isEmpty else { return .complete(walk) }
      for room in rooms {
        walk.removed += try await clean(room)
        walk.room = room.text
        walk.rooms += 1
      }
      try await run.update(walk)
    }
  }

  /// A room whose history is being taken away is left for the next time.
  private func clean(_ room: RoomID) async throws -> Int64 {
    do {
      return try await locks.withLock(.roomHistory, room.text, .exclusive, patience: .zero) { _ in
        var removed: Int64 = 0
        var next: Int64? = .max
        while let end = next {
          let began = ContinuousClock.now
          let progress = try await cleaner.clean(room, before: end)
          removed += Int64(progress.removed)
          next = progress.next
          try await Task.sleep(for: StepPace.rest(after: ContinuousClock.now - began))
        }
        return removed
      }
    } catch LockError.busy {
      return 0
    }
  }
}
