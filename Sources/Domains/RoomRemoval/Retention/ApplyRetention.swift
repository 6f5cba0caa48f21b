package import Executors
import MatrixIdentifiers
package import MatrixJSON
package import Postgres
import Rooms
package import TaskScheduler

/// The recurring task that schedules purges of what is older than its room keeps it.
///
/// spec: Synapse's message retention (MSC1763); the room's last event stays in any case.
package struct ApplyRetention: Sendable {
  private static let pageSize: Int64 = 200

  package struct Progress: TaskPayload {
    /// The last room that was looked at.
    var room = ""
    var purges: Int64 = 0

    init() {}

    package init(_ json: JSONView) {
      room = json["room"]?.string ?? ""
      purges = json["purges"]?.integer ?? 0
    }

    package var json: JSON { ["room": .string(room), "purges": .integer(purges)] }
  }

  private let policy: RetentionPolicy
  private let purge: SchedulePurge
  private let database: any Querying
  private let clock: any WallClock

  package init(
    policy: RetentionPolicy, purge: SchedulePurge, database: any Querying, clock: any WallClock
  ) {
    self.policy = policy
    self.purge = purge
    self.database = database
    self.clock = clock
  }

  package static func action(
    every interval: Duration
  ) -> TaskAction<NoPayload, Progress> {
    TaskAction("apply_retention", limit: 1, every: interval)
  }

  package func callAsFunction(
    _ run: TaskRun<NoPayload, Progress>
  ) async throws -> TaskOutcome<Progress> {
    // A run that was cut short goes on; one that is due again begins anew.
    var progress = run.isFirstLaunch ? Progress() : run.progress ?? Progress()
    while true {
      let rooms = try await RoomPages.page(
        after: progress.room, with: RetentionPolicy.type, limit: Self.pageSize, on: database)
      for room in rooms {
        let event = try room.event.map { try JSONDocument($0) }
        guard let lifetime = policy.lifetime(saidBy: event?.root["content"]) else { continue }
        let began = ContinuousClock.now
        if try await purgeIfNeeded(room.id, before: clock.now() - lifetime) {
          progress.purges += 1
        }
        try await Task.sleep(for: StepPace.rest(after: ContinuousClock.now - began))
      }
      guard let last = rooms.last else { return .complete(progress) }
      progress.room = last.id.text
      try await run.update(progress)
    }
  }

  private func purgeIfNeeded(_ room: RoomID, before time: Int64) async throws -> Bool {
    do {
      guard let end = try await purge.end(of: room, before: .time(time)),
        try await HistoryPurge.isNeeded(room, before: end, on: database)
      else { return false }
      _ = try await purge.schedule(room, end: end)
      return true
    } catch is PurgeError {
      return false
    }
  }
}
