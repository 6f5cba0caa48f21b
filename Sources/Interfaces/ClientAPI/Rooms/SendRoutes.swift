import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms

/// spec: client-server-api#sending-events-to-a-room
func sendRoutes(
  _ dependencies: RoomRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let (send, schedule) = (dependencies.send, dependencies.schedule)
  return [
    roomRoute(
      "send_message", .put, "/rooms/{roomId}/send/{eventType}/{txnId}",
      handler: authenticated(guests: .allowed, limit: .message) { requester, request in
        if let delayed = try await schedule.older(request, stateKey: nil, by: requester) {
          return delayed
        }
        return answer(
          try await send.message(
            in: try request.roomID(), type: request.path("eventType"),
            content: try request.json(), sender: requester.userID,
            transaction: requester.transaction(
              request.path("txnId"), endpoint: request.path("eventType"))))
      }),
    roomRoute(
      "redact_event", .put, "/rooms/{roomId}/redact/{eventId}/{txnId}",
      handler: authenticated { requester, request in
        let reason = try request.json().optionalString("reason")
        try await limitRedaction(
          of: try request.eventID(), in: try request.roomID(), requester, dependencies)
        return answer(
          try await send.redaction(
            of: try request.eventID(), in: try request.roomID(), reason: reason,
            sender: requester.userID,
            transaction: requester.transaction(
              request.path("txnId"), endpoint: request.path("eventId"))))
      }),
    roomRoute(
      "send_state", .put, "/rooms/{roomId}/state/{eventType}/{stateKey}",
      "/rooms/{roomId}/state/{eventType}",
      handler: authenticated(guests: .allowed, limit: .message) { requester, request in
        let stateKey = request.path("stateKey")
        if let delayed = try await schedule.older(request, stateKey: stateKey, by: requester) {
          return delayed
        }
        return answer(
          try await send.state(
            in: try request.roomID(), type: request.path("eventType"),
            stateKey: stateKey, content: try request.json(),
            sender: requester.userID))
      }),
  ]
}

private func answer(_ event: EventID) -> Response {
  .json(200, ["event_id": .string(event.text)])
}

/// Redactions count as messages, unless those of other people's events have a limit of their own.
private func limitRedaction(
  of event: EventID, in room: RoomID, _ requester: Requester,
  _ dependencies: RoomRoutesDependencies
) async throws {
  let limiter = dependencies.authenticated.limiter
  var limit = RateLimitName.message
  if limiter.limits(.adminRedaction) {
    let stored = try? await dependencies.read.event(event, in: room, for: requester.userID)
    if let stored, stored.event.sender != requester.userID { limit = .adminRedaction }
  }
  try await limiter.check(limit, of: requester)
}
