import Accounts
import Executors
import HTTPServing
import MatrixJSON
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
        ClientEvents.write(page.events, to: &writer, requester, clock)
        if let end = page.end {
          writer.key("end")
          writer.string(end.text)
        }
        writer.key("start")
        writer.string(page.start.text)
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
          context.event, to: &writer, reader: requester.reader, now: clock.now(),
          includeRoomID: true)
        writer.key("events_after")
        ClientEvents.write(context.after, to: &writer, requester, clock)
        writer.key("events_before")
        ClientEvents.write(context.before, to: &writer, requester, clock)
        writer.key("start")
        writer.string(context.start.text)
        writer.key("state")
        ClientEvents.write(context.state, to: &writer, requester, clock)
        writer.endObject()
        return .json(200, writer.bytes)
      }),
  ]
}

private func limit(_ request: Request, _ filter: EventFilter) throws(MatrixError) -> Int {
  let asked = try request.query.integer(
    "limit", default: Int64(filter.limit ?? ReadHistory.defaultLimit), range: 0...Int64.max)
  return Int(min(asked, Int64(ReadHistory.maximumLimit)))
}
