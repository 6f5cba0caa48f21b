import MatrixIdentifiers
import MatrixJSON
import Rooms
import TaskScheduler

/// The recurring task that joins the ends of rooms that have many.
struct JoinEndsOfRooms: Sendable {
  static let action = TaskAction<NoPayload, Walk>(
    "join_forward_extremities", limit: 1, every: .seconds(3600))

  private static let pageSize: Int64 = 50

  let ends: JoinEnds

  struct Walk: TaskPayload {
    var joined: Int64 = 0
    /// The last room that was looked at.
    var room = ""

    init() {}

    init(_ json: JSONView) {
      joined = json["joined"]?.integer ?? 0
      room = json["room"]?.string ?? ""
    }

    var json: JSON { ["joined": .integer(joined), "room": .string(room)] }
  }

  func callAsFunction(_ run: TaskRun<NoPayload, Walk>) async throws -> TaskOutcome<Walk> {
    var walk = run.isFirstLaunch ? Walk() : run.progress ?? Walk()
    while true {
      let rooms = try await ends.rooms(after: walk.room, limit: Self.pageSize)
      guard let last = rooms.last else { return .complete(walk) }
      do {
        for room in rooms where try await ends.join(room) { walk.joined += 1 }
      } catch is PersistError {
        throw TaskError.interrupted(reason: "a room's writer does not answer")
      }
      walk.room = last.text
      try await run.update(walk)
    }
  }
}
