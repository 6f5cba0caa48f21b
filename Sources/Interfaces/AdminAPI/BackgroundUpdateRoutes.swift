package import Accounts
package import BackgroundUpdates
package import HTTPServing
import MatrixJSON

/// Synapse's API for background updates.
package func backgroundUpdateRoutes(
  _ updates: BackgroundUpdates, _ authenticator: Authenticator
) -> [Route] {
  let admin = AdminOnly(authenticator)
  let endpoint = "/v1/background_updates"
  return [
    adminRoute(
      "admin_background_updates_enabled", .get, "\(endpoint)/enabled",
      admin { _ in .json(200, ["enabled": .bool(try await updates.isEnabled())]) }),
    adminRoute(
      "admin_set_background_updates_enabled", .post, "\(endpoint)/enabled",
      admin { request in
        guard let isEnabled = try request.json().optionalBool("enabled") else {
          throw MatrixError.missingParam("enabled")
        }
        try await updates.setEnabled(isEnabled)
        return .json(200, ["enabled": .bool(isEnabled)])
      }),
    adminRoute(
      "admin_background_updates_status", .get, "\(endpoint)/status",
      admin { _ in .json(200, json(try await updates.status())) }),
    adminRoute(
      "admin_start_background_job", .post, "\(endpoint)/start_job",
      admin { request in
        guard let name = try request.json().optionalString("job_name") else {
          throw MatrixError.missingParam("job_name")
        }
        do {
          try await updates.start(job: name)
        } catch let error as BackgroundUpdateError {
          throw MatrixError.badRequest("\(error)")
        }
        return .empty
      }),
  ]
}

/// Under the name that Synapse gives its one database. Which of those that wait it is at, Synapse
/// shows only.
private func json(_ status: BackgroundUpdates.Status) -> JSON {
  var current: JSON = .object([:])
  if let first = status.pending.first { current["master"] = json(first) }
  return [
    "enabled": .bool(status.isEnabled), "current_updates": current,
    "pending": .array(status.pending.map { json($0) }),
  ]
}

private func json(_ update: BackgroundUpdates.Pending) -> JSON {
  [
    "name": .string(update.name), "total_item_count": .integer(update.items),
    "total_duration_ms": .integer(update.duration),
    "average_items_per_ms": .double(update.itemsPerMillisecond),
    "estimated_rows": update.estimate.map { .integer($0) } ?? .null,
    "error": update.error.map { .string($0) } ?? .null,
  ]
}
