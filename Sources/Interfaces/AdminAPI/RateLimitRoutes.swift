import Accounts
import HTTPServing
import MatrixJSON

/// Synapse's API for the limits of single users.
func rateLimitRoutes(_ overrides: RateLimitOverrides, _ admin: AdminOnly) -> [Route] {
  let endpoint = "/v1/users/{userId}/override_ratelimit"
  return [
    adminRoute(
      "admin_rate_limit", .get, endpoint,
      admin { request in
        guard let found = try await overrides.get(try userID(in: request)) else {
          return .empty
        }
        return .json(200, json(found))
      }),
    adminRoute(
      "admin_set_rate_limit", .post, endpoint,
      admin { request in
        let user = try userID(in: request)
        let body = try request.json()
        let override = RateLimitOverride(
          messagesPerSecond: try count("messages_per_second", in: body),
          burstCount: try count("burst_count", in: body))
        try await overrides.set(override, for: user)
        return .json(200, json(override))
      }),
    adminRoute(
      "admin_delete_rate_limit", .delete, endpoint,
      admin { request in
        try await overrides.remove(for: try userID(in: request))
        return .empty
      }),
  ]
}

private func count(_ key: String, in body: JSONView) throws(MatrixError) -> Int64 {
  let count = try body.optionalInteger(key) ?? 0
  guard count >= 0 else { throw .invalidParam("\(key) must not be negative") }
  return count
}

private func json(_ override: RateLimitOverride) -> JSON {
  [
    "messages_per_second": .integer(override.messagesPerSecond),
    "burst_count": .integer(override.burstCount),
  ]
}
