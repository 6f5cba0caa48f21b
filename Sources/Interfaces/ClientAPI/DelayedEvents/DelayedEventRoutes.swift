import Accounts
package import DelayedEvents
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON

/// What the endpoints of delayed events work with.
package struct DelayedEventRoutesDependencies: Sendable {
  package let schedule: ScheduleDelayedEvent
  package let manage: ManageDelayedEvents
  package let read: ReadDelayedEvents

  package init(
    schedule: ScheduleDelayedEvent, manage: ManageDelayedEvents, read: ReadDelayedEvents
  ) {
    self.schedule = schedule
    self.manage = manage
    self.read = read
  }
}

/// MSC4140, as it was accepted and as clients used it before; the pages of lists are MSC4486's.
package func delayedEventRoutes(
  _ dependencies: DelayedEventRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  scheduleRoutes(dependencies.schedule, authenticated)
    + managementRoutes(dependencies.manage, authenticated)
    + lookupRoutes(dependencies.read, authenticated)
}

private func managementRoutes(
  _ manage: ManageDelayedEvents, _ authenticated: Authenticated
) -> [Route] {
  let named = DelayedEventAction.allCases.map { action in
    route(
      "\(action.rawValue)_delayed_event", .post, "/delayed_events/{delayId}/\(action.rawValue)",
      authenticated(guests: .allowed, limit: .delayedEvents) { requester, request in
        try await manage(action, request.path("delayId"), by: requester)
        return .empty
      })
  }
  let older = route(
    "update_delayed_event", .post, "/delayed_events/{delayId}",
    authenticated(guests: .allowed, limit: .delayedEvents) { requester, request in
      let name = try request.json().requiredString("action")
      guard let action = DelayedEventAction(rawValue: name) else {
        let names = DelayedEventAction.allCases.map(\.rawValue).joined(separator: ", ")
        throw MatrixError.invalidParam("action must be one of \(names)")
      }
      try await manage(action, request.path("delayId"), by: requester)
      return .empty
    })
  return named + [older]
}

private func lookupRoutes(
  _ read: ReadDelayedEvents, _ authenticated: Authenticated
) -> [Route] {
  [
    route(
      "delayed_event", .get, "/delayed_events/{delayId}",
      authenticated(guests: .allowed, limit: .delayedEvents) { requester, request in
        .json(200, try await read.event(request.path("delayId"), of: requester.userID).json)
      }),
    route(
      "delayed_events", .get, "/delayed_events",
      authenticated(guests: .allowed, limit: .delayedEvents) { requester, request in
        let filter = try DelayedEventFilter(request.query)
        return .json(200, try await read.page(of: requester.userID, filter).json)
      }),
  ]
}

private func route(
  _ id: String, _ method: HTTPMethod, _ endpoint: String, _ handler: @escaping Route.Handler
) -> Route {
  Route(
    id: id, method: method, patterns: DelayedEventPaths.own(endpoint), surface: .client,
    roles: .clientFacing, balancing: .user, handler: handler)
}

extension DelayedEventFilter {
  /// Clients that say nothing of the status mean what is scheduled, as the list had nothing else
  /// at first.
  fileprivate init(_ query: QueryParameters) throws {
    self.init()
    status = try query.choice("status", default: .scheduled)
    isBackwards = try query.choice("dir", default: Direction.forwards) == .backwards
    type = query["type"]
    if let text = query["room_id"] {
      guard let room = RoomID(text) else { throw MatrixError.invalidParam("Not a valid room ID") }
      self.room = room
    }
    if let token = query["from"] {
      guard let place = DelayedEventPlace(token: token) else { throw DelayedEventError.badToken }
      self.place = place
    }
  }
}

private enum Direction: String {
  case forwards = "f"
  case backwards = "b"
}
