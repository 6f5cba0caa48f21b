import MatrixCrypto
import MatrixJSON
package import Postgres
package import Streams

/// Schedules tasks, shows them and ends them; on any worker.
package struct TaskScheduler: Sendable {
  /// Bytes of parameters, and of progress.
  static let payloadLimit = 1 << 20
  private static let idLength = 16

  private let database: Database
  private let registry: TaskRegistry
  private let invalidations: InvalidationFeed

  package init(database: Database, registry: TaskRegistry, invalidations: InvalidationFeed) {
    self.database = database
    self.registry = registry
    self.invalidations = invalidations
  }

  /// - Parameters:
  ///   - resource: what the task works on (a room or user id), to find it by.
  ///   - uniqueKey: as long as a task with this key has not ended, no second one is made.
  /// - Returns: the task's id; with a `uniqueKey` maybe that of one that was there before.
  /// - Throws: `TaskError`, `PostgresError`.
  @discardableResult
  package func schedule<Parameters, Progress>(
    _ action: TaskAction<Parameters, Progress>, _ parameters: Parameters,
    resource: String? = nil, due: TaskTime = .now, uniqueKey: String? = nil
  ) async throws -> String {
    guard registry.entry(action.name) != nil else { throw TaskError.unknownAction(action.name) }
    let task = NewTask(
      id: SecureRandom.string(Self.idLength), action: action.name, resource: resource,
      uniqueKey: uniqueKey, parameters: try Self.text(parameters), due: due)
    let rows = try await database.queryAll([
      TaskStore.insert(task), InvalidationFeed.statement(.scheduledTasks, []),
    ])
    invalidations.announce(.scheduledTasks, [])
    if let id = rows[0].text(0, 0) { return id }
    guard let uniqueKey, let id = try await TaskStore.find(uniqueKey, on: database) else {
      // The one that was in the way has ended meanwhile.
      return try await schedule(
        action, parameters, resource: resource, due: due, uniqueKey: uniqueKey)
    }
    return id
  }

  /// The oldest first, at most `TaskFilter.limit`.
  package func list(_ filter: TaskFilter) async throws -> [ScheduledTask] {
    try await TaskStore.list(filter, on: database)
  }

  /// - Throws: `TaskError.notFound`.
  package func get(_ id: String) async throws -> ScheduledTask {
    guard let task = try await TaskStore.get(id, on: database) else { throw TaskError.notFound }
    return task
  }

  /// Ends a task that is only scheduled; asks one that runs to end, which it does when it comes
  /// to store progress.
  /// - Throws: `TaskError.notFound`, `.hasEnded`.
  package func cancel(_ id: String) async throws -> ScheduledTask {
    let isChanged = try await TaskStore.cancel(id, on: database)
    let task = try await get(id)
    guard isChanged else { throw TaskError.hasEnded(task.status) }
    return task
  }

  /// Forgets a task that does not run.
  /// - Throws: `TaskError.notFound`, `.isRunning`.
  package func delete(_ id: String) async throws {
    if try await TaskStore.delete(id, on: database) { return }
    _ = try await get(id)
    throw TaskError.isRunning
  }

  static func text(_ payload: some TaskPayload) throws(TaskError) -> String {
    let bytes = payload.json.bytes
    guard bytes.count <= payloadLimit else { throw .tooLarge(limit: payloadLimit) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
