import MatrixJSON
import Postgres

/// Forgets tasks a while after their end.
package struct RemoveFinishedTasks: Sendable {
  package static let action = TaskAction<NoPayload, RemovedCount>(
    "remove_finished_tasks", limit: 1, every: .seconds(1800))

  /// How long the outcome of a task can be looked up.
  private static let lifetime = Duration.seconds(7 * 86_400)
  /// Rows of one statement.
  static let batch: Int64 = 200

  private static let delete = Statement(
    "tasks_remove_finished",
    """
    DELETE FROM scheduled_tasks WHERE id IN (
      SELECT id FROM scheduled_tasks
      WHERE status IN ('complete', 'failed', 'cancelled')
        AND changed_at < apus_milliseconds() - $1
      ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    """)

  package init() {}

  package func callAsFunction(
    _ run: TaskRun<NoPayload, RemovedCount>
  ) async throws -> TaskOutcome<RemovedCount> {
    try await run.removeInBatches(of: Self.batch) { transaction in
      try await transaction.query(
        Self.delete, [.int(Self.lifetime.milliseconds), .int(Self.batch)]
      ).affectedRows
    }
  }
}
