import MatrixJSON
import Postgres
import TestKit
import Testing

@testable import TaskScheduler

struct LostProgressTests {
  /// As after a crash of the database's server, which may undo steps that it has not yet written to
  /// the disk.
  @Test func aTaskDoesNotGoOnFromWhatWasLost() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      Tracing.register(in: process)
      let id = try await process.scheduler.schedule(Tracing.action, ["steps": 3])
      let claimed = try #require(try await process.claim().first)
      let run = try TaskRun<JSON, JSON>(RunningTask(claimed, database: world.database))
      func step(_ number: Int64) async throws {
        try await run.step(.repeatable) {
          _ = try await $0.query(TaskWorld.effect, [.text(id), .int(number), .text("lost")])
          return ["done": .integer(number)]
        }
      }
      try await step(1)
      try await step(2)
      try await world.database.runScript(
        "UPDATE scheduled_tasks SET result = '{\"done\":1}'; DELETE FROM effects WHERE step = 2")
      await #expect(throws: TaskError.lost) { try await step(3) }
      await #expect(throws: TaskError.lost) { try await run.update(["done": 3]) }
      try await world.database.runScript(
        "UPDATE scheduled_tasks SET lease_until = clock_timestamp()")
      try await process.running {
        try await eventually { try await TaskRunnerTests.unfinished(world) == 0 }
      }
      #expect(try await world.effects() == 3)
      #expect(try await world.count("SELECT count(DISTINCT step) FROM effects") == 3)
    }
  }
}
