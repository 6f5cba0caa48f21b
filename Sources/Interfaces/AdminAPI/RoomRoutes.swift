package import Accounts
package import Executors
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
package import Rooms

/// What the administrators' look at rooms takes.
package struct AdminRooms: Sendable {
  let survey: RoomSurvey
  let states: StateStore
  let memberships: MembershipStore
  let membership: ChangeMembership
  let power: GrantRoomPower
  let directory: AliasStore
  let clock: any WallClock

  package init(
    survey: RoomSurvey, states: StateStore, memberships: MembershipStore,
    membership: ChangeMembership, power: GrantRoomPower, directory: AliasStore,
    clock: any WallClock
  ) {
    self.survey = survey
    self.states = states
    self.memberships = memberships
    self.membership = membership
    self.power = power
    self.directory = directory
    self.clock = clock
  }
}

/// Synapse's API for looking at rooms, and for taking a user into one.
package func adminRoomRoutes(_ rooms: AdminRooms, _ authenticator: Authenticator) -> [Route] {
  let admin = AdminOnly(authenticator)
  return [
    adminRoute("admin_rooms", .get, "/v1/rooms", admin { try await list(rooms.survey, $0) }),
    adminRoute(
      "admin_room", .get, "/v1/rooms/{roomId}",
      admin { request in
        let summary = try await summary(rooms, request)
        guard case .object(var members) = json(summary) else { return .empty }
        members["avatar"] = summary.said("m.room.avatar", "url")
        members["topic"] = summary.said("m.room.topic", "topic")
        return .json(200, .object(members))
      }),
    adminRoute(
      "admin_room_members", .get, "/v1/rooms/{roomId}/members",
      admin { request in
        let room = try await summary(rooms, request).roomID
        let members = try await rooms.memberships.members(of: room)
        return .json(
          200,
          [
            "members": .array(members.map { .string($0.userID.text) }),
            "total": .integer(Int64(members.count)),
          ])
      }),
    adminRoute(
      "admin_room_state", .get, "/v1/rooms/{roomId}/state",
      admin { request in
        let room = try await summary(rooms, request).roomID
        let now = rooms.clock.now()
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("state")
        writer.beginArray()
        for stored in try await rooms.states.state(of: room, at: .max) {
          ClientEvent.write(stored, to: &writer, reader: nil, now: now, includeRoomID: true)
        }
        writer.endArray()
        writer.endObject()
        return .json(200, writer.bytes)
      }),
    adminRoute(
      "admin_join_room", .post, "/v1/join/{roomIdOrAlias}",
      admin { requester, request in try await join(rooms, requester, request) }),
    adminRoute(
      "admin_make_room_admin", .post, "/v1/rooms/{roomIdOrAlias}/make_room_admin",
      admin { requester, request in try await empower(rooms, requester, request) }),
  ]
}

private func summary(
  _ rooms: AdminRooms, _ request: Request
) async throws -> RoomSurvey.Summary {
  guard let summary = try await rooms.survey.room(try roomID(in: request)) else {
    throw MatrixError.notFound("Room not found")
  }
  return summary
}

private func list(_ survey: RoomSurvey, _ request: Request) async throws -> Response {
  let query = request.query
  let from = try query.integer("from") ?? 0
  let limit = try query.integer("limit") ?? 100
  guard from >= 0, limit > 0 else {
    throw MatrixError.invalidParam("from must not be negative, and limit must be positive")
  }
  var order = RoomSurvey.Order.name
  if let name = query["order_by"] {
    guard let known = RoomSurvey.Order(rawValue: name) else {
      let names = RoomSurvey.Order.allCases.map(\.rawValue).joined(separator: ", ")
      throw MatrixError.invalidParam("order_by must be one of \(names)")
    }
    order = known
  }
  let direction = query["dir"] ?? "f"
  guard ["f", "b"].contains(direction) else { throw MatrixError.invalidParam("dir must be f or b") }
  let search = try query["search_term"].map { (text) throws(MatrixError) in
    guard !text.isEmpty else { throw .invalidParam("search_term must not be empty") }
    return try storable(text, "search_term")
  }
  let page = try await survey.rooms(
    matching: search, by: order, reversed: direction == "b", from: from, limit: Int(limit))
  let end = from + Int64(page.rooms.count)
  var answer: [String: JSON] = [
    "rooms": .array(page.rooms.map(json)), "offset": .integer(from),
    "total_rooms": .integer(page.total),
  ]
  if end < page.total { answer["next_batch"] = .integer(end) }
  if from > 0 { answer["prev_batch"] = .integer(max(0, from - limit)) }
  return .json(200, .object(answer))
}

private func json(_ room: RoomSurvey.Summary) -> JSON {
  let create = room.state[EventType.create]?.event.content
  return [
    "room_id": .string(room.roomID.text), "name": room.said("m.room.name", "name"),
    "canonical_alias": room.said(EventType.canonicalAlias, "alias"),
    "joined_members": .integer(room.joined), "joined_local_members": .integer(room.joinedLocal),
    "version": .string(room.version), "creator": .string(room.creator),
    "encryption": room.said("m.room.encryption", "algorithm"),
    "federatable": .bool(create?["m.federate"]?.bool ?? true), "public": false,
    "join_rules": room.said(EventType.joinRules, "join_rule"),
    "guest_access": room.said("m.room.guest_access", "guest_access"),
    "history_visibility": room.said("m.room.history_visibility", "history_visibility"),
    "state_events": .integer(room.stateEvents), "room_type": room.said(EventType.create, "type"),
  ]
}

extension RoomSurvey.Summary {
  /// A text in a state event's content.
  fileprivate func said(_ type: String, _ key: String) -> JSON {
    state[type]?.event.content[key]?.string.map { .string($0) } ?? .null
  }
}

/// Where the room takes nobody without an invitation, the administrator invites.
private func join(
  _ rooms: AdminRooms, _ requester: Requester, _ request: Request
) async throws -> Response {
  guard let user = UserID(try request.json().requiredString("user_id")) else {
    throw MatrixError.invalidParam("user_id is not a valid user ID")
  }
  let room = try await namedRoom(rooms, request)
  do {
    try await rooms.membership.join(room, user: user, reason: nil)
  } catch RoomError.refused, RoomError.unableToAuthoriseJoin {
    try await rooms.membership.invite(user, to: room, by: requester.userID, reason: nil)
    try await rooms.membership.join(room, user: user, reason: nil)
  }
  return .json(200, ["room_id": .string(room.text)])
}

/// The room that the path names in one of two ways.
private func namedRoom(_ rooms: AdminRooms, _ request: Request) async throws -> RoomID {
  let name = request.path("roomIdOrAlias")
  var room = RoomID(name)
  if let alias = RoomAlias(name) { room = try await rooms.directory.room(named: alias) }
  guard let room, try await rooms.survey.room(room) != nil else {
    throw MatrixError.notFound("Room not found")
  }
  return room
}

/// Makes a user the room's administrator: who asks, if nobody else is named.
private func empower(
  _ rooms: AdminRooms, _ requester: Requester, _ request: Request
) async throws -> Response {
  var user = requester.userID
  if let text = try request.json().optionalString("user_id") {
    guard let named = UserID(text) else {
      throw MatrixError.invalidParam("user_id is not a valid user ID")
    }
    user = named
  }
  do {
    try await rooms.power.grant(user, in: try await namedRoom(rooms, request))
  } catch GrantRoomPower.Problem.nobodyMay {
    throw MatrixError.badRequest("No local admin user in room")
  }
  return .empty
}
