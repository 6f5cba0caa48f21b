import Accounts
import DelayedEvents
import HTTPServing
import MatrixJSON

/// The names under which MSC4140 is found: as it was accepted, and from before.
enum DelayedEventPaths {
  static let unstable = "/_matrix/client/unstable/org.matrix.msc4140"

  static func room(_ endpoint: String) -> [String] {
    ["/_matrix/client/v3\(endpoint)", "\(unstable)\(endpoint)"]
  }

  static func own(_ endpoint: String) -> [String] {
    ["/_matrix/client/v1\(endpoint)", "\(unstable)\(endpoint)"]
  }
}

/// MSC4140: scheduling a delayed event.
func scheduleRoutes(
  _ schedule: ScheduleDelayedEvent, _ authenticated: Authenticated
) -> [Route] {
  [
    Route(
      id: "schedule_delayed_event", method: .put,
      patterns: DelayedEventPaths.room("/rooms/{roomId}/delayed_event/{eventType}/{txnId}"),
      surface: .client, roles: .clientFacing, balancing: .room, bodyLimit: RoomLimits.body,
      handler: authenticated(guests: .allowed, limit: .message) { requester, request in
        let body = try request.json()
        return answer(
          try await schedule(
            ScheduleDelayedEvent.Wish(
              roomID: try request.roomID(), type: request.path("eventType"),
              stateKey: try body.optionalString("state_key"),
              content: try body.requiredObject("content"),
              delay: try body.requiredInteger("delay_ms"),
              transactionID: request.path("txnId")),
            by: requester))
      })
  ]
}

extension ScheduleDelayedEvent {
  /// The older way to schedule: the delay in the query of a request to send. A server that passes
  /// over it sends at once, for instance that somebody has left a call just when they join.
  /// - Returns: nil for a request that is to be carried out now.
  func older(_ request: Request, stateKey: String?, by requester: Requester) async throws
    -> Response?
  {
    guard let text = request.query["org.matrix.msc4140.delay"] else { return nil }
    guard let delay = Int64(text) else { throw DelayedEventError.badDelay }
    let transaction = request.path("txnId")
    return answer(
      try await self(
        Wish(
          roomID: try request.roomID(), type: request.path("eventType"), stateKey: stateKey,
          content: try request.json(), delay: delay,
          transactionID: stateKey == nil ? transaction : nil),
        by: requester))
  }
}

private func answer(_ delayID: String) -> Response {
  .json(200, ["delay_id": .string(delayID)])
}
