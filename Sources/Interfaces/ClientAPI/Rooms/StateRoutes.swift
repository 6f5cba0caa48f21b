import Accounts
import Executors
import HTTPServing
import MatrixJSON
import RoomEvents
import Rooms

/// spec: client-server-api#getting-events-for-a-room
func stateRoutes(
  _ dependencies: RoomRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let (read, clock) = (dependencies.read, dependencies.clock)
  return [
    roomRoute(
      "room_state", .get, "/rooms/{roomId}/state",
      handler: authenticated(guests: .allowed) { requester, request in
        let state = try await read.state(of: try request.roomID(), for: requester.userID)
        var writer = JSONWriter()
        ClientEvents.write(state, to: &writer, requester, clock)
        return .json(200, writer.bytes)
      }),
    roomRoute(
      "room_state_event", .get, "/rooms/{roomId}/state/{eventType}/{stateKey}",
      "/rooms/{roomId}/state/{eventType}",
      handler: authenticated(guests: .allowed) { requester, request in
        let key = StateTuple(request.path("eventType"), request.path("stateKey"))
        let stored = try await read.stateEvent(
          key, of: try request.roomID(), for: requester.userID)
        if request.query["format"] == "event" {
          return .json(
            200, ClientEvent.bytes(stored, reader: requester.reader, now: clock.now()))
        }
        return .json(200, Array(stored.event.content.rawBytes))
      }),
    roomRoute(
      "room_event", .get, "/rooms/{roomId}/event/{eventId}",
      handler: authenticated(guests: .allowed) { requester, request in
        let found = try await read.bundledEvent(
          try request.eventID(), in: try request.roomID(), for: requester.userID)
        return .json(
          200,
          ClientEvent.bytes(
            found.event, reader: requester.reader.with(found.memberships), now: clock.now(),
            bundles: found.bundles))
      }),
  ]
}
