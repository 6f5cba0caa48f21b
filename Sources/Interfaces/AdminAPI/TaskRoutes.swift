package import Accounts
package import HTTPServing
import MatrixJSON
package import TaskScheduler

/// Synapse's API for scheduled tasks; to cancel and to delete one is ours.
package func taskRoutes(_ scheduler: TaskScheduler, _ authenticator: Authenticator) -> [Route] {
  let admin = AdminOnly(authenticator)
  return [
    adminRoute(
      "admin_scheduled_tasks", .get, "/v1/scheduled_tasks",
      admin { request in
        let tasks = try await scheduler.list(try filter(request.query))
        return .json(200, ["scheduled_tasks": .array(tasks.map { json($0) })])
      }),
    adminRoute(
      "admin_cancel_scheduled_task", .post, "/v1/scheduled_tasks/{taskId}/cancel",
      admin { request in
        try await answering {
          .json(200, json(try await scheduler.cancel(try storable(request.path("taskId"), "id"))))
        }
      }),
    adminRoute(
      "admin_delete_scheduled_task", .delete, "/v1/scheduled_tasks/{taskId}",
      admin { request in
        try await answering {
          try await scheduler.delete(try storable(request.path("taskId"), "id"))
          return .empty
        }
      }),
  ]
}

private func filter(_ query: QueryParameters) throws(MatrixError) -> TaskFilter {
  var filter = TaskFilter()
  if let action = query["action_name"] { filter.actions = [try storable(action, "action_name")] }
  filter.resource = try query["resource_id"].map { (text) throws(MatrixError) in
    try storable(text, "resource_id")
  }
  if let status = query["job_status"] {
    guard let status = TaskStatus(rawValue: status) else {
      let names = TaskStatus.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalidParam("Query parameter job_status must be one of \(names)")
    }
    filter.statuses = [status]
  }
  filter.before = try query.integer("max_timestamp")
  return filter
}

private func answering(_ work: () async throws -> Response) async throws -> Response {
  do {
    return try await work()
  } catch let error as TaskError {
    switch error {
    case .notFound: throw MatrixError.notFound("\(error)")
    case .hasEnded, .isRunning: throw MatrixError.badRequest("\(error)")
    default: throw error
    }
  }
}

private func json(_ task: ScheduledTask) -> JSON {
  [
    "id": .string(task.id), "action": .string(task.action),
    "status": .string(task.status.rawValue), "timestamp_ms": .integer(task.timestamp),
    "resource_id": optional(task.resource), "result": object(task.result),
    "error": optional(task.error),
    // Ours: what Synapse does not show.
    "params": object(task.parameters), "runner": optional(task.runner),
    "cancel_requested": .bool(task.cancelRequested), "stuck": .bool(task.isStuck),
  ]
}

private func optional(_ text: String?) -> JSON {
  text.map { .string($0) } ?? .null
}

private func object(_ text: String?) -> JSON {
  guard let text, let document = try? JSONDocument(Array(text.utf8)) else { return .null }
  return JSON(document.root)
}
