import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import Rooms

/// spec: client-server-api#room-membership
func membershipRoutes(
  _ dependencies: RoomRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let membership = dependencies.membership
  return [
    roomRoute(
      "join_room", .post, "/rooms/{roomId}/join",
      handler: authenticated(guests: .allowed) { requester, request in
        let room = try request.roomID()
        let reason = try request.json().optionalString("reason")
        try await checkJoin(room, requester, dependencies)
        try await membership.join(room, user: requester.userID, reason: reason)
        return .json(200, ["room_id": .string(room.text)])
      }),
    roomRoute(
      "join_room_by_id_or_alias", .post, "/join/{roomIdOrAlias}", balancing: .none,
      handler: authenticated(guests: .allowed) { requester, request in
        let room = try await resolve(request.path("roomIdOrAlias"), dependencies.directory)
        let body = try request.json()
        let reason = try body.optionalString("reason")
        try await checkJoin(room, requester, dependencies)
        try await membership.join(
          room, user: requester.userID, reason: reason, content: JSON(body))
        return .json(200, ["room_id": .string(room.text)])
      }),
    roomRoute(
      "knock_room", .post, "/knock/{roomIdOrAlias}", balancing: .none,
      handler: authenticated(limit: .message) { requester, request in
        let room = try await resolve(request.path("roomIdOrAlias"), dependencies.directory)
        try await membership.knock(
          room, user: requester.userID, reason: try request.json().optionalString("reason"))
        return .json(200, ["room_id": .string(room.text)])
      }),
    roomRoute(
      "leave_room", .post, "/rooms/{roomId}/leave",
      handler: authenticated(guests: .allowed) { requester, request in
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
      try await checkInvite(target, authenticated.limiter)
      try await membership.invite(
        target.user, to: target.room, by: target.sender, reason: target.reason)
    },
    targeted("kick_user", "kick", authenticated) { target in
      try await authenticated.limiter.check(.message, of: target.requester)
      try await membership.kick(
        target.user, from: target.room, by: target.sender, reason: target.reason)
    },
    targeted("ban_user", "ban", authenticated) { target in
      try await authenticated.limiter.check(.message, of: target.requester)
      try await membership.ban(
        target.user, from: target.room, by: target.sender, reason: target.reason)
    },
    targeted("unban_user", "unban", authenticated) { target in
      try await authenticated.limiter.check(.message, of: target.requester)
      try await membership.unban(
        target.user, in: target.room, by: target.sender, reason: target.reason)
    },
  ]
}

private struct Target: Sendable {
  let room: RoomID
  let user: UserID
  let requester: Requester
  let reason: String?

  var sender: UserID { requester.userID }
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
          requester: requester, reason: try body.optionalString("reason")))
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

/// - Throws: `AccountError.guestRefused`, `.limitExceeded`.
private func checkJoin(
  _ room: RoomID, _ requester: Requester, _ dependencies: RoomRoutesDependencies
) async throws {
  try await dependencies.guests.checkJoin(room, by: requester)
  let limiter = dependencies.authenticated.limiter
  try await limiter.check(.joinLocal, of: requester)
  try await limiter.check(.joinPerRoom, of: requester, key: room.text)
}

/// - Throws: `AccountError.limitExceeded`.
private func checkInvite(_ target: Target, _ limiter: RateLimiter) async throws {
  let requester = target.requester
  try await limiter.check(.invitePerRoom, of: requester, key: target.room.text)
  try await limiter.check(.invitePerUser, of: requester, key: target.user.text)
  try await limiter.check(.invitePerIssuer, of: requester)
}
