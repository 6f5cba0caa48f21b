import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON

/// spec: client-server-api#profiles
func profileRoutes(_ profiles: Profiles, _ authenticated: Authenticated) -> [Route] {
  [
    accountRoute(
      "profile", .get, "/profile/{userId}",
      authenticated.limited(.profile) { request in
        .json(200, try await profiles.whole(of: try userID(in: request)).json)
      }),
    profileFieldRoute(
      "profile_field", .get,
      authenticated.limited(.profile) { request in
        let (user, key) = (try userID(in: request), try key(in: request))
        guard let value = try await profiles.whole(of: user).value(of: key) else {
          throw AccountError.unknownProfileField
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key(key.name)
        writer.raw(value)
        writer.endObject()
        return .json(200, writer.bytes)
      }),
    profileFieldRoute(
      "set_profile_field", .put,
      authenticated(guests: .allowed, limit: .message) { requester, request in
        let (user, key) = (try userID(in: request), try key(in: request))
        let value = try request.json().required(key.name)
        try await profiles.set(key, to: value, of: user, by: requester)
        return .empty
      }),
    profileFieldRoute(
      "delete_profile_field", .delete,
      authenticated(guests: .allowed, limit: .message) { requester, request in
        try await profiles.remove(
          try key(in: request), of: try userID(in: request), by: requester)
        return .empty
      }),
  ]
}

private func profileFieldRoute(
  _ id: String, _ method: HTTPMethod, _ handler: @escaping Route.Handler
) -> Route {
  let endpoint = "/profile/{userId}/{keyName}"
  return Route(
    id: id, method: method,
    // The last is MSC4133's, from before custom fields were in the specification.
    patterns: clientPaths(endpoint)
      + clientPaths("/uk.tcpip.msc4133\(endpoint)", [.unstable]),
    surface: .client, roles: .clientFacing, bodyLimit: AccountLimits.profileBody,
    handler: handler)
}

private func userID(in request: Request) throws(MatrixError) -> UserID {
  guard let user = UserID(request.path("userId")) else {
    throw .invalidParam("Not a valid user ID")
  }
  return user
}

private func key(in request: Request) throws -> ProfileKey {
  try ProfileKey(request.path("keyName"))
}
