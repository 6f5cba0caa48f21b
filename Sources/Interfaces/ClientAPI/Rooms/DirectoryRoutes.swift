import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import Rooms

/// spec: client-server-api#room-aliases
func directoryRoutes(_ directory: RoomDirectory, _ authenticated: Authenticated) -> [Route] {
  [
    roomRoute("get_alias", .get, "/directory/room/{roomAlias}", balancing: .none) { request in
      let alias = try request.roomAlias()
      let room = try await directory.room(named: alias)
      return .json(
        200,
        ["room_id": .string(room.text), "servers": [.string(alias.serverName.text)]])
    },
    roomRoute(
      "put_alias", .put, "/directory/room/{roomAlias}", balancing: .none,
      handler: authenticated { requester, request in
        guard let room = RoomID(try request.json().requiredString("room_id")) else {
          throw MatrixError.invalidParam("room_id is not a valid room ID")
        }
        try await directory.add(try request.roomAlias(), for: room, by: requester.userID)
        return .empty
      }),
    roomRoute(
      "delete_alias", .delete, "/directory/room/{roomAlias}", balancing: .none,
      handler: authenticated { requester, request in
        try await directory.remove(try request.roomAlias(), by: requester.userID)
        return .empty
      }),
    roomRoute(
      "room_aliases", .get, "/rooms/{roomId}/aliases",
      handler: authenticated { requester, request in
        let aliases = try await directory.aliases(
          of: try request.roomID(), for: requester.userID)
        return .json(200, ["aliases": .array(aliases.map { .string($0.text) })])
      }),
  ]
}
