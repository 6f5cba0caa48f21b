import Postgres

/// A task to be scheduled.
struct NewTask: Sendable {
  let id: String
  let action: String
  let resource: String?
  let uniqueKey: String?
  /// A JSON object.
  let parameters: String?
  let due: TaskTime
}

/// The SQL of those who schedule and look at tasks.
enum TaskStore {
  static func insert(_ task: NewTask) -> Query {
    Query(
      insertTask,
      [
        .text(task.id), .text(task.action), .text(task.resource), .text(task.uniqueKey),
        .text(task.parameters), .int(task.due.absolute), .int(task.due.delay),
      ])
  }

  /// The task with the key that has not ended.
  static func find(_ uniqueKey: String, on database: any Querying) async throws -> String? {
    try await database.query(findUnique, [.text(uniqueKey)]).text(0, 0)
  }

  static func get(_ id: String, on database: any Querying) async throws -> ScheduledTask? {
    read(try await database.query(getTask, [.text(id)])).first
  }

  static func list(
    _ filter: TaskFilter, on database: any Querying
  ) async throws -> [ScheduledTask] {
    let rows = try await database.query(
      listTasks,
      [
        .texts(filter.actions), .text(filter.resource), .texts(filter.statuses.map(\.rawValue)),
        .int(filter.before), .int(Int64(TaskFilter.limit)),
      ])
    return read(rows)
  }

  /// False when there is no such task, or it has ended.
  static func cancel(_ id: String, on database: any Querying) async throws -> Bool {
    try await database.query(cancelTask, [.text(id)]).affectedRows == 1
  }

  /// False when there is no such task, or it is running.
  static func delete(_ id: String, on database: any Querying) async throws -> Bool {
    try await database.query(deleteTask, [.text(id)]).affectedRows == 1
  }

  private static func read(_ rows: Rows) -> [ScheduledTask] {
    (0..<rows.count).compactMap { row in
      guard let id = rows.text(row, 0), let action = rows.text(row, 1),
        let status = rows.text(row, 2).flatMap(TaskStatus.init), let timestamp = rows.int(row, 3)
      else { return nil }
      return ScheduledTask(
        id: id, action: action, status: status, timestamp: timestamp,
        resource: rows.text(row, 4), parameters: rows.text(row, 5), result: rows.text(row, 6),
        error: rows.text(row, 7), runner: rows.text(row, 8),
        cancelRequested: rows.bool(row, 9) ?? false, isStuck: rows.bool(row, 10) ?? false)
    }
  }

  private static let insertTask = Statement(
    "tasks_insert",
    """
    INSERT INTO scheduled_tasks
      (id, action, status, due_at, changed_at, resource_id, unique_key, params)
    VALUES ($1, $2, 'scheduled', coalesce($6, apus_milliseconds() + $7), apus_milliseconds(),
      $3, $4, $5)
    ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND status IN ('scheduled', 'active')
      DO NOTHING
    RETURNING id
    """)

  private static let findUnique = Statement(
    "tasks_find_unique",
    """
    SELECT id FROM scheduled_tasks
    WHERE unique_key = $1 AND status IN ('scheduled', 'active')
    """)

  private static let timestamp = "CASE status WHEN 'scheduled' THEN due_at ELSE changed_at END"
  /// Milliseconds: a day without progress.
  static let isStuck = "status = 'active' AND changed_at < apus_milliseconds() - 86400000"
  private static let columns = """
    id, action, status, \(timestamp), resource_id, params, result, error, runner,
    cancel_requested, \(isStuck)
    """

  private static let getTask = Statement(
    "tasks_get", "SELECT \(columns) FROM scheduled_tasks WHERE id = $1")

  private static let listTasks = Statement(
    "tasks_list",
    """
    SELECT \(columns) FROM scheduled_tasks
    WHERE (cardinality($1::text[]) = 0 OR action = ANY($1))
      AND ($2::text IS NULL OR resource_id = $2)
      AND (cardinality($3::text[]) = 0 OR status = ANY($3))
      AND ($4::bigint IS NULL OR \(timestamp) < $4)
    ORDER BY \(timestamp), id LIMIT $5
    """)

  private static let cancelTask = Statement(
    "tasks_cancel",
    """
    UPDATE scheduled_tasks SET cancel_requested = true,
      changed_at = CASE status WHEN 'scheduled' THEN apus_milliseconds() ELSE changed_at END,
      status = CASE status WHEN 'scheduled' THEN 'cancelled' ELSE status END
    WHERE id = $1 AND status IN ('scheduled', 'active')
    """)

  private static let deleteTask = Statement(
    "tasks_delete", "DELETE FROM scheduled_tasks WHERE id = $1 AND status <> 'active'")
}

extension TaskTime {
  /// Milliseconds since the epoch; nil when it counts from now.
  var absolute: Int64? {
    if case .at(let time) = self { time } else { nil }
  }

  /// Milliseconds from now.
  var delay: Int64 {
    if case .after(let duration) = self { max(0, duration.milliseconds) } else { 0 }
  }
}

extension Duration {
  var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
