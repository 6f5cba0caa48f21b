import MatrixJSON
import Postgres
import Streams
import TaskScheduler
import TestKit
import Testing

@testable import BackgroundUpdates

/// Processes that know the same updates, on a database with a table of a thousand rows.
struct UpdateWorld: Sendable {
  static let migrations =
    StreamsSchema.migrations + TaskSchedulerSchema.migrations
    + BackgroundUpdatesSchema.migrations + [
      Migration(
        number: 999, name: "test",
        sql: """
          CREATE TABLE things (id bigint PRIMARY KEY, doubled bigint, visits bigint DEFAULT 0);
          INSERT INTO things SELECT id, NULL FROM generate_series(1, 1000) AS id;
          """)
    ]

  static let fast = UpdatePace(sleep: .zero)

  private static let visit = Statement(
    "test_visit",
    """
    WITH batch AS (SELECT id FROM things WHERE id > $1 ORDER BY id LIMIT $2), done AS (
      UPDATE things t SET doubled = t.id * 2, visits = visits + 1 FROM batch b WHERE t.id = b.id)
    SELECT count(*), max(id) FROM batch
    """)

  let database: Database

  static func with(_ body: @Sendable (UpdateWorld) async throws -> Void) async throws {
    try await TestPostgres.withDatabase(migrations: migrations) { database in
      try await body(UpdateWorld(database: database))
    }
  }

  /// Visits every row once.
  static func doubling(_ name: String = "double", after: [String] = []) -> BackgroundUpdate {
    BackgroundUpdate(name, after: after, table: "things") { batch, transaction in
      let last = batch.progress["last"]?.integer ?? 0
      let rows = try await transaction.query(visit, [.int(last), .int(Int64(batch.size))])
      let count = Int(rows.int(0, 0) ?? 0)
      return BackgroundUpdate.Step(
        progress: ["last": .integer(rows.int(0, 1) ?? last)], items: count, isDone: count == 0)
    }
  }

  func count(_ condition: String) async throws -> Int64 {
    let sql = "SELECT count(*) FROM \(condition)"
    return try await database.query(Statement("test_\(sql.hashValue)", sql)).int(0, 0) ?? -1
  }

  /// Runs `body` beside a process named `name` that knows the updates.
  func running(
    _ updates: [BackgroundUpdate], as name: String = "a", jobs: [String: [String]] = [:],
    pace: UpdatePace = fast,
    _ body: @Sendable (_ api: BackgroundUpdates, _ scheduler: TaskScheduler) async throws -> Void
  ) async throws {
    let hub = ReplicationHub(
      bus: InMemoryBus(), database: database, instanceName: name, logger: TestPostgres.logger)
    try await hub.start()
    let registry = TaskRegistry()
    let work = RunBackgroundUpdates(
      updates, pace: pace, database: database, logger: TestPostgres.logger)
    registry.register(RunBackgroundUpdates.action) { try await work($0) }
    let scheduler = TaskScheduler(
      database: database, registry: registry, invalidations: hub.invalidations)
    let api = BackgroundUpdates(
      updates, jobs: jobs, scheduler: scheduler, database: database, logger: TestPostgres.logger)
    let runner = TaskRunner(
      name: name, limit: 5, registry: registry, database: database,
      invalidations: hub.invalidations, timing: TaskTiming(lease: .seconds(1)),
      logger: TestPostgres.logger)
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { await hub.run() }
      group.addTask { await runner.run() }
      try await api.prepare()
      try await body(api, scheduler)
      group.cancelAll()
    }
  }
}

@Suite struct BackgroundUpdatesTests {
  static func isDone(_ api: BackgroundUpdates) async throws -> Bool {
    try await api.status().pending.isEmpty
  }

  static var unfinished: TaskFilter {
    var filter = TaskFilter()
    filter.statuses = [.scheduled, .active]
    return filter
  }

  @Test func everyRowIsVisitedOnce() async throws {
    try await UpdateWorld.with { world in
      try await world.running([UpdateWorld.doubling()]) { api, scheduler in
        try await eventually { try await Self.isDone(api) }
        // The task ends a moment after its last update; stopped before, it would be taken up again.
        try await eventually { try await scheduler.list(Self.unfinished).isEmpty }
      }
      #expect(try await world.count("things WHERE visits = 1 AND doubled = id * 2") == 1000)
      // Another start of the same version has nothing to do.
      try await world.running([UpdateWorld.doubling()]) { api, scheduler in
        let isDone = try await Self.isDone(api)
        #expect(isDone)
        let tasks = try await scheduler.list(Self.unfinished)
        #expect(tasks.isEmpty)
      }
    }
  }

  @Test func anUpdateGoesOnInAnotherProcess() async throws {
    try await UpdateWorld.with { world in
      let slow = UpdatePace(sleep: .seconds(3600))
      try await world.running([UpdateWorld.doubling()], pace: slow) { api, _ in
        try await eventually { try await api.status().pending.first?.items == 100 }
      }
      try await world.running([UpdateWorld.doubling()], as: "b") { api, _ in
        try await eventually { try await Self.isDone(api) }
      }
      #expect(try await world.count("things WHERE visits = 1") == 1000)
    }
  }

  @Test func updatesWaitForThoseTheyDependOn() async throws {
    try await UpdateWorld.with { world in
      let checks = BackgroundUpdate("check", after: ["double"], table: "things") { _, transaction in
        let rows = try await transaction.query(
          Statement("test_left", "SELECT count(*) FROM things WHERE doubled IS NULL"))
        #expect(rows.int(0, 0) == 0)
        return BackgroundUpdate.Step(progress: [:], items: 1, isDone: true)
      }
      try await world.running([checks, UpdateWorld.doubling()]) { api, _ in
        try await eventually { try await Self.isDone(api) }
      }
    }
  }

  @Test func aPauseStopsThemAndTheirEndGoesOn() async throws {
    try await UpdateWorld.with { world in
      let pace = UpdatePace(sleep: .milliseconds(100), defaultSize: 1)
      try await world.running([UpdateWorld.doubling()], pace: pace) { api, scheduler in
        try await eventually { try await api.status().pending.first?.items ?? 0 > 0 }
        try await api.setEnabled(false)
        #expect(try await !api.status().isEnabled)
        // The task ends, so nothing more is done.
        try await eventually { try await scheduler.list(Self.unfinished).isEmpty }
        #expect(try await !Self.isDone(api))
        try await api.setEnabled(true)
        try await eventually { try await Self.isDone(api) }
      }
      #expect(try await world.count("things WHERE visits = 1") == 1000)
    }
  }

  @Test func aFailureIsShownAndHoldsNoOtherUp() async throws {
    struct Odd: Error {}
    try await UpdateWorld.with { world in
      let fails = BackgroundUpdate("fails", table: "things") { _, transaction in
        _ = try await transaction.query(
          Statement("test_undo", "UPDATE things SET visits = visits + 100"))
        throw Odd()
      }
      try await world.running([fails, UpdateWorld.doubling()]) { api, _ in
        try await eventually { try await api.status().pending.map(\.name) == ["fails"] }
        #expect(try await api.status().pending.first?.error == "Odd()")
      }
      #expect(try await world.count("things WHERE visits = 1") == 1000)
    }
  }

  @Test func aJobIsDoneAgainWhenAsked() async throws {
    try await UpdateWorld.with { world in
      try await world.running([UpdateWorld.doubling()], jobs: ["again": ["double"]]) { api, _ in
        try await eventually { try await Self.isDone(api) }
        try await api.start(job: "again")
        try await eventually { try await world.count("things WHERE visits = 2") == 1000 }
        await #expect(throws: BackgroundUpdateError.unknownJob("other")) {
          try await api.start(job: "other")
        }
      }
    }
  }

  @Test func anIndexIsBuilt() async throws {
    try await UpdateWorld.with { world in
      let index = IndexBuild("things_doubled", on: "things", "(doubled) WHERE doubled IS NOT NULL")
      try await world.running([BackgroundUpdate(index)]) { api, _ in
        try await eventually { try await Self.isDone(api) }
      }
      #expect(try await IndexStore.state(index, on: world.database) == .ready)
    }
  }

  /// As after a process that was killed, or a server that was restarted, during the build.
  @Test func aBuildThatWasBrokenOffBeginsAnew() async throws {
    try await UpdateWorld.with { world in
      let index = IndexBuild("things_doubled", on: "things", "(doubled)")
      try await world.database.runScript(
        """
        UPDATE things SET doubled = 1; CREATE UNIQUE INDEX other ON things (id)
        """)
      // A unique index over equal values fails and stays behind, not valid.
      await #expect(throws: PostgresError.self) {
        try await world.database.runScript(
          "CREATE UNIQUE INDEX CONCURRENTLY things_doubled ON things (doubled)")
      }
      #expect(try await IndexStore.state(index, on: world.database) == .broken)
      try await world.running([BackgroundUpdate(index)]) { api, _ in
        try await eventually { try await Self.isDone(api) }
      }
      #expect(try await IndexStore.state(index, on: world.database) == .ready)
    }
  }

  /// An index waits for older transactions, for which the process that stops must not wait.
  @Test func aProcessThatStopsBreaksTheBuildOff() async throws {
    try await UpdateWorld.with { world in
      let index = IndexBuild("things_doubled", on: "things", "(doubled)")
      try await world.database.transaction { transaction in
        _ = try await transaction.query(
          Statement("test_hold", "UPDATE things SET visits = 0 WHERE id = 1"))
        try await world.running([BackgroundUpdate(index)]) { api, scheduler in
          try await eventually {
            try await scheduler.list(TaskFilter()).first?.result?.contains("waiting") == true
          }
          #expect(try await IndexStore.state(index, on: world.database) == .building)
        }
        let state = try await IndexStore.state(index, on: world.database)
        #expect(state == .broken || state == .absent)
      }
    }
  }
}
