import Testing

@testable import ServerConfig

struct TasksSectionTests {
  private static func tasks(_ text: String) throws -> TasksSection {
    let loaded = try load(Fixture.minimal, text)
    #expect(loaded.warnings.isEmpty)
    return loaded.config.tasks
  }

  @Test func theDefaultsAreSynapses() throws {
    let tasks = try Self.tasks("")
    #expect(tasks.maximumConcurrent == 5)
    #expect(tasks.updates.batchDuration == .milliseconds(100))
    #expect(tasks.updates.sleeps && tasks.updates.sleep == .seconds(1))
    #expect(tasks.updates.minimumBatch == 1 && tasks.updates.defaultBatch == 100)
  }

  @Test func theKeysAreSynapses() throws {
    let tasks = try Self.tasks(
      """
      task_scheduler: {max_concurrent_tasks: 3}
      background_updates:
        background_update_duration_ms: 500
        sleep_enabled: false
        sleep_duration_ms: 300
        min_batch_size: 10
        default_batch_size: 50
      """)
    #expect(tasks.maximumConcurrent == 3)
    #expect(tasks.updates.batchDuration == .milliseconds(500))
    #expect(!tasks.updates.sleeps && tasks.updates.sleep == .milliseconds(300))
    #expect(tasks.updates.minimumBatch == 10 && tasks.updates.defaultBatch == 50)
  }

  @Test(arguments: [
    ("task_scheduler: {max_concurrent_tasks: 0}", "task_scheduler.max_concurrent_tasks"),
    ("task_scheduler: 5", "task_scheduler"),
    ("background_updates: {min_batch_size: 0}", "background_updates.min_batch_size"),
    ("background_updates: {sleep_enabled: 1}", "background_updates.sleep_enabled"),
  ])
  func wrongValuesAreNamed(text: String, key: String) throws {
    #expect(try problems(Fixture.minimal, text).map(\.keys) == [[key]])
  }
}
