import Accounts
import HTTPServing
import MatrixJSON
import Rooms

/// spec: client-server-api#relationships-api
func relationRoutes(
  _ dependencies: RoomRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let (relations, clock) = (dependencies.relations, dependencies.clock)
  return [
    Route(
      id: "event_relations", method: .get,
      patterns: [
        "/rooms/{roomId}/relations/{eventId}",
        "/rooms/{roomId}/relations/{eventId}/{relType}",
        "/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}",
      ].flatMap { clientPaths($0, [.v1, .unstable]) },
      surface: .client, roles: .clientFacing, balancing: .room,
      handler: authenticated(guests: .allowed) { requester, request in
        let query = try relationQuery(request)
        let page = try await relations.page(
          of: query, in: try request.roomID(), for: requester.userID)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("chunk")
        ClientEvents.write(
          page.events, to: &writer, requester, clock, bundles: page.bundles,
          memberships: page.memberships)
        write("next_batch", page.next, to: &writer)
        write("prev_batch", query.from, to: &writer)
        if request.query["recurse"] != nil {
          writer.key("recursion_depth")
          writer.integer(query.recurses ? ReadRelations.recursionDepth : 0)
        }
        writer.endObject()
        return .json(200, writer.bytes)
      }),
    Route(
      id: "room_threads", method: .get,
      patterns: clientPaths("/rooms/{roomId}/threads", [.v1]),
      surface: .client, roles: .clientFacing, balancing: .room,
      handler: authenticated(guests: .allowed) { requester, request in
        let include = try request.query.choice("include", default: ThreadChoice.all)
        let page = try await relations.threads(
          of: try request.roomID(), for: requester.userID,
          participatedOnly: include == .participated, from: try request.historyToken("from"),
          limit: try limit(request, atLeast: 1))
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("chunk")
        ClientEvents.write(
          page.events, to: &writer, requester, clock, bundles: page.bundles,
          memberships: page.memberships)
        write("next_batch", page.next, to: &writer)
        writer.endObject()
        return .json(200, writer.bytes)
      }),
  ]
}

/// Which threads are listed.
private enum ThreadChoice: String {
  case all, participated
}

private func relationQuery(_ request: Request) throws(MatrixError) -> ReadRelations.Query {
  var query = ReadRelations.Query(parent: try request.eventID())
  query.relationType = try name("relType", request)
  query.eventType = try name("eventType", request)
  query.recurses = try request.query.bool("recurse", default: false)
  query.from = try request.historyToken("from")
  query.to = try request.historyToken("to")
  query.direction = try request.query.choice("dir", default: .backwards)
  query.limit = try limit(request, atLeast: 0)
  return query
}

/// Part of a path; nil where the path has no such part.
private func name(_ part: String, _ request: Request) throws(MatrixError) -> String? {
  let text = request.path(part)
  guard !text.utf8.contains(0) else { throw .invalidParam("\(part) has a NUL character") }
  return text.isEmpty ? nil : text
}

private func limit(_ request: Request, atLeast least: Int64) throws(MatrixError) -> Int {
  let asked = try request.query.integer(
    "limit", default: Int64(ReadRelations.defaultLimit), range: least...Int64.max)
  return Int(min(asked, Int64(ReadRelations.maximumLimit)))
}

private func write(_ key: String, _ token: HistoryToken?, to writer: inout JSONWriter) {
  guard let token else { return }
  writer.key(key)
  writer.string(token.text)
}
