package import Accounts
package import DelayedEvents
package import HTTPServing

/// What a user has scheduled, and what became of it; in pages, as users get it themselves.
package func delayedEventAdminRoutes(
  _ read: ReadDelayedEvents, _ authenticator: Authenticator
) -> [Route] {
  let admin = AdminOnly(authenticator)
  return [
    adminRoute(
      "admin_delayed_events", .get, "/v1/users/{userId}/delayed_events",
      admin { request in
        var filter = DelayedEventFilter()
        if let text = request.query["status"] {
          guard let status = DelayedEventFilter.Status(rawValue: text) else {
            let names = DelayedEventFilter.Status.allCases.map(\.rawValue).joined(separator: ", ")
            throw MatrixError.invalidParam("Query parameter status must be one of \(names)")
          }
          filter.status = status
        }
        if let token = request.query["from"] {
          guard let place = DelayedEventPlace(token: token) else {
            throw MatrixError.invalidParam("Invalid token in from")
          }
          filter.place = place
        }
        return .json(200, try await read.page(of: try userID(in: request), filter).json)
      })
  ]
}
