import Accounts
import Executors
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms

/// spec: client-server-api#syncing (pagination and context)
func historyRoutes(
  _ dependencies: RoomRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let (history, clock) = (dependencies.history, dependencies.clock)
  return [
    roomRoute(
      "room_messages", .get, "/rooms/{roomId}/messages",
      handler: authenticated(guests: .allowed) { requester, request in
        guard let direction = ReadHistory.Direction(rawValue: request.query["dir"] ?? "") else {
          throw MatrixError.invalidParam("dir must be b or f")
        }
        let filter = try request.eventFilter()
        let page = try await history.page(
          of: try request.roomID(), for: requester.userID,
          from: try request.historyToken("from"), to: try request.historyToken("to"), direction,
          limit: try limit(request, filter), filter: filter)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("chunk")
        ClientEvents.write(
          page.events, to: &writer, requester, clock, bundles: page.bundles,
          memberships: page.memberships)
        if let end = page.end {
          writer.key("end")
          writer.string(end.text)
        }
        writer.key("start")
        // The same text, which may say more than the place that it stands for here.
        let from = request.query["from"] ?? ""
        writer.string(from.isEmpty ? page.start.text : from)
        writer.key("state")
        ClientEvents.write(page.state, to: &writer, requester, clock)
        writer.endObject()
        return .json(200, writer.bytes)
      }),
    roomRoute(
      "event_context", .get, "/rooms/{roomId}/context/{eventId}",
      handler: authenticated(guests: .allowed) { requester, request in
        let filter = try request.eventFilter()
        let context = try await history.context(
          of: try request.eventID(), in: try request.roomID(), for: requester.userID,
          limit: try limit(request, filter), filter: filter)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("end")
        writer.string(context.end.text)
        writer.key("event")
        ClientEvent.write(
          context.event, to: &writer, reader: requester.reader.with(context.memberships),
          now: clock.now(), includeRoomID: true, bundles: context.bundles)
        for (key, events) in [("events_after", context.after), ("events_before", context.before)] {
          writer.key(key)
          ClientEvents.write(
            events, to: &writer, requester, clock, bundles: context.bundles,
            memberships: context.memberships)
        }
        writer.key("start")
        writer.string(context.start.text)
        writer.key("state")
        ClientEvents.write(context.state, to: &writer, requester, clock)
        writer.endObject()
        return .json(200, writer.bytes)
      }),
    eventByTimeRoute(dependencies.times, authenticated),
  ]
}

private func eventByTimeRoute(
  _ times: FindEventByTime, _ authenticated: Authenticated
) -> Route {
  Route(
    id: "event_by_time", method: .get,
    patterns: clientPaths("/rooms/{roomId}/timestamp_to_event", [.v1]), surface: .client,
    roles: .clientFacing, balancing: .room,
    handler: authenticated { requester, request in
      guard let time = try request.query.integer("ts") else {
        throw MatrixError.missingParam("ts")
      }
      guard let direction = ReadHistory.Direction(rawValue: try request.query.required("dir"))
      else { throw MatrixError.invalidParam("dir must be b or f") }
      let stored = try await times.event(
        nearest: time, direction, in: try request.roomID(), for: requester.userID)
      return .json(
        200,
        [
          "event_id": .string(stored.event.eventID.text),
          "origin_server_ts": .integer(stored.event.originServerTimestamp),
        ])
    })
}

/// The least of what the query, the filter and the server say.
private func limit(_ request: Request, _ filter: EventFilter) throws(MatrixError) -> Int {
  let asked = try request.query.integer(
    "limit", default: Int64(filter.limit ?? ReadHistory.defaultLimit), range: 0...Int64.max)
  return min(
    Int(min(asked, Int64(ReadHistory.maximumLimit))), filter.limit ?? ReadHistory.maximumLimit)
}
