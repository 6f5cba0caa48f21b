import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import Rooms

/// spec: client-server-api#room-membership
func membershipRoutes(
  _ membership: ChangeMembership, _ directory: RoomDirectory, _ authenticated: Authenticated
) -> [Route] {
  [
    roomRoute(
      "join_room", .post, "/rooms/{roomId}/join",
      handler: authenticated { requester, request in
        let room = try request.roomID()
        let reason = try request.json().optionalString("reason")
        try await membership.join(room, user: requester.userID, reason: reason)
        return .json(200, ["room_id": .string(room.text)])
      }),
    roomRoute(
      "join_room_by_id_or_alias", .post, "/join/{roomIdOrAlias}", balancing: .none,
      handler: authenticated { requester, request in
        let room = try await resolve(request.path("roomIdOrAlias"), directory)
        let reason = try request.json().optionalString("reason")
        try await membership.join(room, user: requester.userID, reason: reason)
        return .json(200, ["room_id": .string(room.text)])
      }),
    roomRoute(
      "leave_room", .post, "/rooms/{roomId}/leave",
      handler: authenticated { requester, request in
        let reason = try request.json().optionalString("reason")
        try await membership.leave(
          try request.roomID(), user: requester.userID, reason: reason)
        return .empty
      }),
    roomRoute(
      "forget_room", .post, "/rooms/{roomId}/forget",
      handler: authenticated { requester, request in
        try await membership.forget(try request.roomID(), user: requester.userID)
        return .empty
      }),
    targeted("invite_user", "invite", authenticated) { target in
      try await membership.invite(
        target.user, to: target.room, by: target.sender, reason: target.reason)
    },
    targeted("kick_user", "kick", authenticated) { target in
      try await membership.kick(
        target.user, from: target.room, by: target.sender, reason: target.reason)
    },
    targeted("ban_user", "ban", authenticated) { target in
      try await membership.ban(
        target.user, from: target.room, by: target.sender, reason: target.reason)
    },
    targeted("unban_user", "unban", authenticated) { target in
      try await membership.unban(
        target.user, in: target.room, by: target.sender, reason: target.reason)
    },
  ]
}

private struct Target: Sendable {
  let room: RoomID
  let user: UserID
  let sender: UserID
  let reason: String?
}

/// An action of one user upon another.
private func targeted(
  _ id: String, _ action: String, _ authenticated: Authenticated,
  _ act: @escaping @Sendable (Target) async throws -> Void
) -> Route {
  roomRoute(
    id, .post, "/rooms/{roomId}/\(action)",
    handler: authenticated { requester, request in
      let body = try request.json()
      try await act(
        Target(
          room: try request.roomID(), user: try body.userID("user_id"),
          sender: requester.userID, reason: try body.optionalString("reason")))
      return .empty
    })
}

private func resolve(_ text: String, _ directory: RoomDirectory) async throws -> RoomID {
  if let room = RoomID(text) { return room }
  guard let alias = RoomAlias(text) else {
    throw MatrixError.invalidParam("\"roomIdOrAlias\" is neither a room ID nor an alias")
  }
  return try await directory.room(named: alias)
}
