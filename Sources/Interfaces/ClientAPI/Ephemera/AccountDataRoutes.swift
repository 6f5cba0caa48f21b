import Accounts
package import Ephemera
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON

/// spec: client-server-api#client-config, client-server-api#room-tagging
package func accountDataRoutes(_ data: AccountData, _ authenticated: Authenticated) -> [Route] {
  [
    accountDataRoute("/user/{userId}/account_data/{type}", "account_data", data, authenticated) {
      _ in nil
    },
    accountDataRoute(
      "/user/{userId}/rooms/{roomId}/account_data/{type}", "room_account_data", data, authenticated
    ) { request throws(MatrixError) in try request.roomID() },
    [
      ephemeraRoute(
        "room_tags", .get, "/user/{userId}/rooms/{roomId}/tags",
        authenticated { requester, request in
          let user = try request.ownUserID(requester)
          return .json(200, try await data.tags(of: user, room: try request.roomID()))
        }),
      ephemeraRoute(
        "set_room_tag", .put, "/user/{userId}/rooms/{roomId}/tags/{tag}",
        authenticated { requester, request in
          let user = try request.ownUserID(requester)
          let info = try request.json()
          if let order = info["order"], order.double == nil {
            throw MatrixError.badJSON("order is not a number")
          }
          try await data.setTag(
            request.path("tag"), of: user, room: try request.roomID(),
            to: Array(info.rawBytes))
          return .empty
        }),
      ephemeraRoute(
        "delete_room_tag", .delete, "/user/{userId}/rooms/{roomId}/tags/{tag}",
        authenticated { requester, request in
          let user = try request.ownUserID(requester)
          try await data.setTag(
            request.path("tag"), of: user, room: try request.roomID(), to: nil)
          return .empty
        }),
    ],
  ].flatMap { $0 }
}

private func accountDataRoute(
  _ endpoint: String, _ id: String, _ data: AccountData, _ authenticated: Authenticated,
  room: @escaping @Sendable (Request) throws(MatrixError) -> RoomID?
) -> [Route] {
  [
    ephemeraRoute(
      id, .get, endpoint,
      authenticated(guests: .allowed) { requester, request in
        let user = try request.ownUserID(requester)
        return .json(
          200,
          try await data.content(of: request.path("type"), user: user, room: try room(request)))
      }),
    ephemeraRoute(
      "set_\(id)", .put, endpoint,
      authenticated(guests: .allowed) { requester, request in
        let user = try request.ownUserID(requester)
        let content = try request.json()
        try await data.set(
          request.path("type"), of: user, room: try room(request), to: Array(content.rawBytes))
        return .empty
      }),
  ]
}

/// An endpoint of the streams that accompany rooms.
func ephemeraRoute(
  _ id: String, _ method: HTTPMethod, _ endpoint: String, _ handler: @escaping Route.Handler
) -> Route {
  // Bytes: account data holds whole lists of a client's settings.
  let bodyLimit = 1 << 20
  return Route(
    id: id, method: method, patterns: clientPaths(endpoint), surface: .client,
    roles: .clientFacing, balancing: .user, bodyLimit: bodyLimit, handler: handler)
}

extension Request {
  /// The user in the path, who must be the one who asks.
  func ownUserID(_ requester: Requester) throws(MatrixError) -> UserID {
    guard UserID(path("userId")) == requester.userID else {
      throw .forbidden("This can only be done for yourself")
    }
    return requester.userID
  }
}

extension AccountDataError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .notFound: .notFound("Account data not found")
    case .reservedType(let type):
      MatrixError(
        status: 405, code: .badJSON, message: "\(type) cannot be set through this endpoint")
    case .tooLong(let name): .invalidParam("The \(name) is too long")
    }
  }
}
