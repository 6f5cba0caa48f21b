import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import Rooms

/// spec: client-server-api#sending-events-to-a-room
func sendRoutes(_ send: SendEvent, _ authenticated: Authenticated) -> [Route] {
  [
    roomRoute(
      "send_message", .put, "/rooms/{roomId}/send/{eventType}/{txnId}",
      handler: authenticated { requester, request in
        answer(
          try await send.message(
            in: try request.roomID(), type: request.path("eventType"),
            content: try request.json(), sender: requester.userID,
            transaction: requester.transaction(request.path("txnId"))))
      }),
    roomRoute(
      "redact_event", .put, "/rooms/{roomId}/redact/{eventId}/{txnId}",
      handler: authenticated { requester, request in
        let reason = try request.json().optionalString("reason")
        return answer(
          try await send.redaction(
            of: try request.eventID(), in: try request.roomID(), reason: reason,
            sender: requester.userID,
            transaction: requester.transaction(request.path("txnId"))))
      }),
    roomRoute(
      "send_state", .put, "/rooms/{roomId}/state/{eventType}/{stateKey}",
      "/rooms/{roomId}/state/{eventType}",
      handler: authenticated { requester, request in
        answer(
          try await send.state(
            in: try request.roomID(), type: request.path("eventType"),
            stateKey: request.path("stateKey"), content: try request.json(),
            sender: requester.userID))
      }),
  ]
}

private func answer(_ event: EventID) -> Response {
  .json(200, ["event_id": .string(event.text)])
}
