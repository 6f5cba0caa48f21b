import MatrixJSON
import Postgres
import TestKit
import Testing

@testable import TaskScheduler

@Suite struct TaskStoreTests {
  @Test func anUnknownActionCannotBeScheduled() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      await #expect(throws: TaskError.unknownAction("trace")) {
        try await process.scheduler.schedule(Tracing.action, [:])
      }
    }
  }

  @Test func aTaskIsListedByEverythingItIs() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      Tracing.register(in: process)
      let id = try await process.scheduler.schedule(
        Tracing.action, ["steps": 2], resource: "!room:x", due: .at(5000))
      _ = try await process.scheduler.schedule(Tracing.action, [:], due: .at(9000))
      #expect(id.count == 16)
      func found(_ change: (inout TaskFilter) -> Void) async throws -> [ScheduledTask] {
        var filter = TaskFilter()
        change(&filter)
        return try await process.scheduler.list(filter)
      }
      let task = try #require(try await found { $0.resource = "!room:x" }.first)
      #expect(task.id == id && task.status == .scheduled && task.timestamp == 5000)
      #expect(task.parameters == #"{"steps":2}"# && task.result == nil && task.error == nil)
      #expect(try await found { $0.actions = ["trace"] }.map(\.timestamp) == [5000, 9000])
      #expect(try await found { $0.actions = ["other"] }.isEmpty)
      #expect(try await found { $0.statuses = [.active, .failed] }.isEmpty)
      #expect(try await found { $0.statuses = [.scheduled] }.count == 2)
      #expect(try await found { $0.before = 9000 }.map(\.id) == [id])
    }
  }

  @Test func aKeyIsUniqueUntilItsTaskHasEnded() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      Tracing.register(in: process)
      let ids = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<20 {
          group.addTask {
            try await process.scheduler.schedule(Tracing.action, [:], uniqueKey: "k")
          }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(ids.count == 1)
      let first = try #require(ids.first)
      #expect(try await process.scheduler.cancel(first).status == .cancelled)
      let second = try await process.scheduler.schedule(Tracing.action, [:], uniqueKey: "k")
      #expect(second != first)
    }
  }

  @Test func whatIsDueFirstIsTakenFirstAndOnce() async throws {
    try await TaskWorld.with { world in
      let (one, two) = (try await world.process("a"), try await world.process("b"))
      for process in [one, two] { Tracing.register(in: process) }
      var ids: [String] = []
      for due in [3, 1, 2, 5, 4] {
        ids.append(try await one.scheduler.schedule(Tracing.action, [:], due: .at(Int64(due))))
      }
      let later = try await one.scheduler.schedule(Tracing.action, [:], due: .after(.seconds(60)))
      #expect(try await one.claim(2).map(\.id).sorted() == [ids[1], ids[2]].sorted())
      #expect(try await two.claim(9).map(\.id).sorted() == [ids[0], ids[3], ids[4]].sorted())
      #expect(try await one.claim(9).isEmpty)
      #expect(try await one.scheduler.get(later).status == .scheduled)
      #expect(try await one.scheduler.get(ids[0]).runner == "b")
    }
  }

  @Test func anActionsLimitHoldsOverAllRunners() async throws {
    try await TaskWorld.with { world in
      let (one, two) = (try await world.process("a"), try await world.process("b"))
      let rare = TaskAction<JSON, JSON>("rare", limit: 2)
      for process in [one, two] {
        Tracing.register(in: process)
        Tracing.register(in: process, rare)
      }
      for _ in 0..<4 { _ = try await one.scheduler.schedule(rare, [:], due: .at(1)) }
      _ = try await one.scheduler.schedule(Tracing.action, [:], due: .at(2))
      let first = try await one.store.claim(
        one.registry.all, besides: [], room: 1, lease: .seconds(6))
      #expect(first.tasks.map(\.action) == ["rare"] && first.isHeldBack)
      // What may not run does not keep others from it.
      let second = try await two.store.claim(
        two.registry.all, besides: [], room: 5, lease: .seconds(6))
      #expect(Set(second.tasks.map(\.action)) == ["rare", "trace"] && second.tasks.count == 2)
      #expect(second.isHeldBack)
      #expect(try await two.claim(5).isEmpty)
    }
  }

  /// Who was paused for longer than its lease may go on until somebody else has the task.
  @Test func aPausedRunnerCannotWriteOnceTheTaskIsTaken() async throws {
    try await TaskWorld.with { world in
      let (paused, other) = (try await world.process("a"), try await world.process("b"))
      for process in [paused, other] { Tracing.register(in: process) }
      let id = try await paused.scheduler.schedule(Tracing.action, ["steps": 2])
      let claimed = try #require(try await paused.claim(lease: .zero).first)
      let running = RunningTask(claimed, database: world.database)
      let run = try TaskRun<JSON, JSON>(running)
      try await run.step { transaction in
        _ = try await transaction.query(TaskWorld.effect, [.text(id), .int(1), .text("a")])
        return ["done": 1]
      }
      let taken = try #require(try await other.claim().first)
      #expect(taken.id == id && taken.resumes && taken.token != claimed.token)
      #expect(taken.result == #"{"done":1}"# && taken.launch == 2)
      await #expect(throws: TaskError.lost) {
        try await run.step { transaction in
          _ = try await transaction.query(TaskWorld.effect, [.text(id), .int(2), .text("a")])
          return ["done": 2]
        }
      }
      await #expect(throws: TaskError.lost) { try await run.update(["done": 2]) }
      try await paused.store.end(running, try TaskEnding(.complete(["done": 9]), period: nil))
      let shown = try await other.scheduler.get(id)
      #expect(shown.status == .active && shown.result == #"{"done":1}"#)
      #expect(try await world.effects() == 1)
      #expect(try await paused.store.renew([running], lease: .seconds(6)).isEmpty)
    }
  }

  /// A lease that ends in the middle of a transaction lets nobody in before its end.
  @Test func aTaskIsNotTakenDuringAStep() async throws {
    try await TaskWorld.with { world in
      let (slow, other) = (try await world.process("a"), try await world.process("b"))
      for process in [slow, other] { Tracing.register(in: process) }
      _ = try await slow.scheduler.schedule(Tracing.action, [:])
      let claimed = try #require(try await slow.claim(lease: .zero).first)
      let running = RunningTask(claimed, database: world.database)
      try await TaskRun<JSON, JSON>(running).step { _ in
        let taken = try await other.claim()
        #expect(taken.isEmpty)
        // The renewal does not wait for the step.
        let renewed = try await slow.store.renew([running], lease: .zero)
        #expect(renewed.count == 1)
        return [:]
      }
      #expect(try await other.claim().count == 1)
    }
  }

  @Test func aRunningTaskIsCancelledByAskingAndNeverDeleted() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      Tracing.register(in: process)
      let id = try await process.scheduler.schedule(Tracing.action, [:])
      let claimed = try #require(try await process.claim().first)
      await #expect(throws: TaskError.isRunning) { try await process.scheduler.delete(id) }
      let asked = try await process.scheduler.cancel(id)
      #expect(asked.status == .active && asked.cancelRequested)
      let running = RunningTask(claimed, database: world.database)
      let run = try TaskRun<JSON, JSON>(running)
      // What was done until then is kept.
      await #expect(throws: TaskError.cancelled) { try await run.update(["done": 1]) }
      await #expect(throws: TaskError.cancelled) { try await run.step { _ in [:] } }
      try await process.store.end(running, try TaskEnding(.cancelled(nil), period: nil))
      let ended = try await process.scheduler.get(id)
      #expect(ended.status == .cancelled && ended.result == #"{"done":1}"#)
      await #expect(throws: TaskError.hasEnded(.cancelled)) {
        try await process.scheduler.cancel(id)
      }
      try await process.scheduler.delete(id)
      await #expect(throws: TaskError.notFound) { try await process.scheduler.delete(id) }
      await #expect(throws: TaskError.notFound) { try await process.scheduler.cancel(id) }
    }
  }

  @Test func aTaskWithoutProgressForADayIsStuck() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      Tracing.register(in: process)
      let ids = [
        try await process.scheduler.schedule(Tracing.action, [:]),
        try await process.scheduler.schedule(Tracing.action, [:]),
      ]
      #expect(try await process.claim().count == 2)
      #expect(try await process.store.stuck().count == 0)
      try await world.database.runScript(
        "UPDATE scheduled_tasks SET changed_at = changed_at - 86400001 WHERE id = '\(ids[0])'")
      let found = try await process.store.stuck()
      #expect(found.count == 1 && found.own == [StuckTask(id: ids[0], action: "trace")])
      #expect(try await world.process("b").store.stuck().own.isEmpty)
      #expect(try await process.scheduler.get(ids[0]).isStuck)
      #expect(try await !process.scheduler.get(ids[1]).isStuck)
    }
  }

  @Test func aStepThatThrowsWritesNothing() async throws {
    struct Oops: Error {}
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      Tracing.register(in: process)
      let id = try await process.scheduler.schedule(Tracing.action, [:])
      let claimed = try #require(try await process.claim().first)
      let run = try TaskRun<JSON, JSON>(RunningTask(claimed, database: world.database))
      await #expect(throws: Oops.self) {
        try await run.step { transaction in
          _ = try await transaction.query(TaskWorld.effect, [.text(id), .int(1), .text("a")])
          throw Oops()
        }
      }
      #expect(try await world.effects() == 0)
      #expect(try await process.scheduler.get(id).result == nil)
    }
  }
}
