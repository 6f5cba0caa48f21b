import Executors
import MatrixJSON
import Postgres
import TestKit
import Testing

@testable import TaskScheduler

@Suite struct TaskRunnerTests {
  static func unfinished(_ world: TaskWorld) async throws -> Int64 {
    try await world.count("SELECT count(*) FROM scheduled_tasks WHERE status <> 'complete'")
  }

  @Test func twoRunnersDoEverythingOnce() async throws {
    try await TaskWorld.with { world in
      let (one, two) = (try await world.process("a"), try await world.process("b"))
      for process in [one, two] { Tracing.register(in: process) }
      for _ in 0..<300 { _ = try await one.scheduler.schedule(Tracing.action, ["steps": 2]) }
      try await one.running {
        try await two.running {
          try await eventually { try await Self.unfinished(world) == 0 }
        }
      }
      #expect(try await world.effects() == 600)
      #expect(
        try await world.count("SELECT count(*) FROM (SELECT DISTINCT task, step FROM effects) e")
          == 600)
      #expect(try await world.count("SELECT count(DISTINCT runner) FROM effects") == 2)
    }
  }

  /// Far sooner than the next look would be, and never early.
  @Test func aTaskStartsWhenItIsDue() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      let started = Waiter<ContinuousClock.Instant>()
      process.registry.register(Tracing.action) { _ in
        started.resolve(ContinuousClock.now)
        return .complete(nil)
      }
      let timing = TaskTiming(poll: .seconds(60))
      try await process.running(timing: timing) {
        let before = ContinuousClock.now
        _ = try await process.scheduler.schedule(
          Tracing.action, [:], due: .after(.milliseconds(700)))
        let at = await started.value(ifCancelled: before)
        #expect(at - before >= .milliseconds(700))
        #expect(at - before < timing.poll)
      }
    }
  }

  @Test func aTaskGoesOnWhereADeadRunnerStoppedIt() async throws {
    try await TaskWorld.with { world in
      let (dead, other) = (try await world.process("a"), try await world.process("b"))
      for process in [dead, other] { Tracing.register(in: process) }
      let id = try await dead.scheduler.schedule(Tracing.action, ["steps": 3])
      let claimed = try #require(try await dead.claim().first)
      try await TaskRun<JSON, JSON>(RunningTask(claimed, database: world.database)).step {
        _ = try await $0.query(TaskWorld.effect, [.text(id), .int(1), .text("a")])
        return ["done": 1]
      }
      try await world.database.runScript(
        "UPDATE scheduled_tasks SET lease_until = clock_timestamp()")
      try await other.running {
        try await eventually { try await Self.unfinished(world) == 0 }
      }
      #expect(try await world.effects() == 3)
      #expect(try await world.count("SELECT count(*) FROM effects WHERE runner = 'b'") == 2)
    }
  }

  @Test func aProcessTakesUpWhatItLeftBeforeItWasKilled() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      Tracing.register(in: process)
      _ = try await process.scheduler.schedule(Tracing.action, [:])
      #expect(try await process.claim(lease: .seconds(3600)).count == 1)
      try await process.running {
        try await eventually { try await Self.unfinished(world) == 0 }
      }
    }
  }

  @Test func stagesAreLaunchedAgainWithWhatWasStored() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      process.registry.register(Tracing.action) { run in
        let stage = (run.progress?["stage"]?.integer ?? 0) + 1
        #expect(run.isFirstLaunch == (stage == 1))
        return stage < 3
          ? .again(.after(.milliseconds(20)), ["stage": .integer(stage)])
          : .complete(["stage": .integer(stage)])
      }
      let id = try await process.scheduler.schedule(Tracing.action, [:])
      try await process.running {
        try await eventually { try await Self.unfinished(world) == 0 }
      }
      #expect(try await process.scheduler.get(id).result == #"{"stage":3}"#)
    }
  }

  @Test func anErrorIsShownWithTheTask() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      process.registry.register(Tracing.action) { _ in throw TaskEndingTests.Odd() }
      let id = try await process.scheduler.schedule(Tracing.action, [:])
      try await process.running {
        try await eventually { try await process.scheduler.get(id).status == .failed }
      }
      #expect(try await process.scheduler.get(id).error == "something odd")
    }
  }

  @Test func aTaskThatNeverGetsAnywhereIsGivenUp() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      Tracing.register(in: process)
      let id = try await process.scheduler.schedule(Tracing.action, [:])
      try await world.database.runScript(
        "UPDATE scheduled_tasks SET fruitless = \(TaskEnding.launchLimit)")
      try await process.running {
        try await eventually { try await process.scheduler.get(id).status == .failed }
      }
      #expect(try await world.effects() == 0)
    }
  }

  @Test func cancellingReachesAFunctionThatWaits() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      let began = Waiter<Void>()
      process.registry.register(Tracing.action) { _ in
        began.resolve(())
        try await Task.sleep(for: .seconds(3600))
        return .complete(nil)
      }
      let timing = TaskTiming(renewal: .milliseconds(50))
      try await process.running(timing: timing) {
        let id = try await process.scheduler.schedule(Tracing.action, [:])
        await began.value(ifCancelled: ())
        #expect(try await process.scheduler.cancel(id).status == .active)
        try await eventually { try await process.scheduler.get(id).status == .cancelled }
      }
    }
  }

  /// A process that stops leaves its tasks to the others at once.
  @Test func whatAStoppingProcessLeavesIsResumed() async throws {
    try await TaskWorld.with { world in
      let (one, two) = (try await world.process("a"), try await world.process("b"))
      let began = Waiter<Void>()
      one.registry.register(Tracing.action) { _ in
        began.resolve(())
        try await Task.sleep(for: .seconds(3600))
        return .complete(nil)
      }
      Tracing.register(in: two)
      let timing = TaskTiming(lease: .seconds(3600))
      try await one.running(timing: timing) {
        _ = try await one.scheduler.schedule(Tracing.action, [:])
        await began.value(ifCancelled: ())
      }
      try await two.running {
        try await eventually { try await Self.unfinished(world) == 0 }
      }
      #expect(try await world.effects() == 1)
      #expect(try await world.count("SELECT max(launches) FROM scheduled_tasks") == 2)
    }
  }

  /// Whatever its function makes of being cancelled.
  @Test func aStoppingProcessFailsNoTask() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      let began = Waiter<Void>()
      process.registry.register(Tracing.action) { _ in
        began.resolve(())
        do {
          try await Task.sleep(for: .seconds(3600))
        } catch {
          throw TaskEndingTests.Odd()
        }
        return .complete()
      }
      let id = try await process.scheduler.schedule(Tracing.action, [:])
      try await process.running { await began.value(ifCancelled: ()) }
      let task = try await process.scheduler.get(id)
      #expect(task.status == .active && task.error == nil)
    }
  }

  @Test func oneTaskOfARecurringActionExistsHoweverManyRunnersStart() async throws {
    try await TaskWorld.with { world in
      let recurring = TaskAction<JSON, JSON>("recur", limit: 1, every: .milliseconds(30))
      let timing = TaskTiming(firstDelay: .zero)
      let processes = [try await world.process("a"), try await world.process("b")]
      for process in processes {
        process.registry.register(recurring) { run in
          #expect(run.progress == nil && run.isFirstLaunch)
          _ = try await world.database.query(
            TaskWorld.effect, [.text(run.id), .int(1), .text("x")])
          return .complete(["round": 1])
        }
      }
      try await processes[0].running(timing: timing) {
        try await processes[1].running(timing: timing) {
          try await eventually { try await world.effects() >= 5 }
        }
      }
      #expect(try await world.count("SELECT count(*) FROM scheduled_tasks") == 1)
      let task = try #require(try await processes[0].scheduler.list(TaskFilter()).first)
      #expect(task.status == .scheduled && task.result == #"{"round":1}"#)
    }
  }

  @Test func finishedTasksAreForgottenAfterAWeek() async throws {
    try await TaskWorld.with { world in
      let process = try await world.process("a")
      Tracing.register(in: process)
      process.registry.register(RemoveFinishedTasks.action) { try await RemoveFinishedTasks()($0) }
      for _ in 0..<3 { _ = try await process.scheduler.schedule(Tracing.action, [:]) }
      let timing = TaskTiming(firstDelay: .zero)
      try await world.database.runScript(
        """
        UPDATE scheduled_tasks SET status = 'complete';
        UPDATE scheduled_tasks SET changed_at = changed_at - 8 * 86400000::bigint
        WHERE id IN (SELECT id FROM scheduled_tasks LIMIT 2);
        """)
      try await process.running(timing: timing) {
        try await eventually {
          try await world.count("SELECT count(*) FROM scheduled_tasks WHERE action = 'trace'") == 1
        }
      }
    }
  }
}
