import Postgres

/// What a launched task writes; refused once another runner has taken the task.
enum ProgressStore {
  /// - Returns: whether the task shall end.
  /// - Throws: `TaskError.lost`, also when what the launch has stored last is not there, as it was
  ///   lost with a crash of the database's server.
  static func store(
    _ progress: String, of task: RunningTask, on database: any Querying
  ) async throws -> Bool {
    let rows = try await database.query(
      update, [.text(task.id), .int(task.token), .text(progress), .text(task.stored)])
    guard let isCancelled = rows.bool(0, 0) else { throw TaskError.lost }
    return isCancelled
  }

  /// The first statement of a transaction in which a task works: SQLSTATE AP001 when another
  /// runner has taken it, and while it lasts none can.
  static func fence(_ task: RunningTask) -> Query {
    Query(fenceTask, [.text(task.id), .int(task.token)])
  }

  static func isRefused(_ error: PostgresError) -> Bool {
    error.kind == .fenced && error.statement == fenceTask.name
  }

  private static let update = Statement(
    "tasks_progress",
    """
    UPDATE scheduled_tasks SET result = $3, changed_at = apus_milliseconds(), fruitless = 0
    WHERE id = $1 AND token = $2 AND status = 'active'
      AND (result IS NOT DISTINCT FROM $4 OR result = $3)
    RETURNING cancel_requested
    """)

  private static let fenceTask = Statement(
    "tasks_fence", "SELECT apus_task_fence($1, $2)", repeatable: false)
}
