import MatrixJSON
import Postgres
import Streams
import TestKit

@testable import TaskScheduler

/// Several processes with tasks on one database.
struct TaskWorld: Sendable {
  static let migrations =
    StreamsSchema.migrations + TaskSchedulerSchema.migrations + [
      Migration(
        number: 999, name: "test",
        sql: "CREATE TABLE effects (task text, step bigint, runner text)")
    ]

  static let effect = Statement("test_effect", "INSERT INTO effects VALUES ($1, $2, $3)")

  let database: Database

  /// Gives `body` an empty world.
  static func with(_ body: @Sendable (TaskWorld) async throws -> Void) async throws {
    try await TestPostgres.withDatabase(migrations: migrations) { database in
      try await body(TaskWorld(database: database))
    }
  }

  func process(_ name: String) async throws -> TaskProcess {
    let hub = ReplicationHub(
      bus: InMemoryBus(), database: database, instanceName: name, logger: TestPostgres.logger)
    try await hub.start()
    return TaskProcess(name: name, database: database, hub: hub)
  }

  func count(_ sql: String) async throws -> Int64 {
    try await database.query(Statement("test_\(sql.hashValue)", sql)).int(0, 0) ?? -1
  }

  func effects() async throws -> Int64 {
    try await count("SELECT count(*) FROM effects")
  }
}

/// One process with a runner.
struct TaskProcess: Sendable {
  let name: String
  let database: Database
  let hub: ReplicationHub
  let registry = TaskRegistry()

  var scheduler: TaskScheduler {
    TaskScheduler(database: database, registry: registry, invalidations: hub.invalidations)
  }

  var store: RunnerStore { RunnerStore(runner: name, database: database) }

  func runner(limit: Int = 5, timing: TaskTiming = TaskTiming()) -> TaskRunner {
    TaskRunner(
      name: name, limit: limit, registry: registry, database: database,
      invalidations: hub.invalidations, timing: timing, logger: TestPostgres.logger)
  }

  /// Takes what is due as a runner would, and does nothing with it.
  func claim(
    _ room: Int = 5, besides own: [String] = [], lease: Duration = .seconds(6)
  ) async throws -> [ClaimedTask] {
    try await store.claim(registry.all, besides: own, room: room, lease: lease).tasks
  }

  /// Has the runner of this process and the hub run while `body` does.
  func running(
    limit: Int = 5, timing: TaskTiming = TaskTiming(),
    _ body: @Sendable () async throws -> Void
  ) async throws {
    let runner = runner(limit: limit, timing: timing)
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { await hub.run() }
      group.addTask { await runner.run() }
      try await body()
      group.cancelAll()
    }
  }
}

/// A task that leaves traces.
enum Tracing {
  static let action = TaskAction<JSON, JSON>("trace", limit: 100)

  /// Leaves a trace a step, up to the parameter `steps`.
  static func register(in process: TaskProcess, _ action: TaskAction<JSON, JSON> = action) {
    let name = process.name
    process.registry.register(action) { run in
      let steps = run.parameters["steps"]?.integer ?? 1
      var done = run.progress?["done"]?.integer ?? 0
      while done < steps {
        let next = done + 1
        try await run.step { transaction in
          _ = try await transaction.query(
            TaskWorld.effect, [.text(run.id), .int(next), .text(name)])
          return ["done": .integer(next)]
        }
        done = next
      }
      return .complete(nil)
    }
  }
}
