import Accounts
import Executors
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms

/// spec: client-server-api#get_matrixclientv3roomsroomidmembers
func memberRoutes(
  _ read: ReadRoom, _ joinedRooms: @escaping JoinedRoomsOfUser,
  _ authenticated: Authenticated, _ clock: any WallClock
) -> [Route] {
  [
    roomRoute(
      "room_members", .get, "/rooms/{roomId}/members",
      handler: authenticated(guests: .allowed) { requester, request in
        let wanted = try membership("membership", request)
        let unwanted = try membership("not_membership", request)
        let members = try await read.members(
          of: try request.roomID(), for: requester.userID, at: try request.historyToken("at")
        ).filter { stored in
          let membership = stored.event.membership
          return (wanted == nil || membership == wanted)
            && (unwanted == nil || membership != unwanted)
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("chunk")
        ClientEvents.write(members, to: &writer, requester, clock)
        writer.endObject()
        return .json(200, writer.bytes)
      }),
    roomRoute(
      "joined_members", .get, "/rooms/{roomId}/joined_members",
      handler: authenticated { requester, request in
        let members = try await read.joinedMembers(
          of: try request.roomID(), for: requester.userID)
        return .json(200, joined(members))
      }),
    roomRoute(
      "joined_rooms", .get, "/joined_rooms", balancing: .user,
      handler: authenticated { requester, _ in
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("joined_rooms")
        writer.beginArray()
        for room in try await joinedRooms(requester.userID) { writer.string(room.text) }
        writer.endArray()
        writer.endObject()
        return .json(200, writer.bytes)
      }),
  ]
}

private func membership(_ name: String, _ request: Request) throws(MatrixError) -> String? {
  guard let value = request.query[name] else { return nil }
  let known = [
    Membership.join, Membership.invite, Membership.leave, Membership.ban, Membership.knock,
  ]
  guard known.contains(value) else { throw .invalidParam("\(name) is no membership") }
  return value
}

private func joined(_ members: [StoredEvent]) -> [UInt8] {
  var writer = JSONWriter()
  writer.beginObject()
  writer.key("joined")
  writer.beginObject()
  for stored in members {
    writer.key(stored.event.stateKey ?? "")
    writer.beginObject()
    for (name, key) in [("avatar_url", "avatar_url"), ("display_name", "displayname")] {
      if let value = stored.event.content[key]?.string {
        writer.key(name)
        writer.string(value)
      }
    }
    writer.endObject()
  }
  writer.endObject()
  writer.endObject()
  return writer.bytes
}
