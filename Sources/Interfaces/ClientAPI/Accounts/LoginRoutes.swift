package import Accounts
import HTTPServing
import MatrixJSON

package struct LoginRoutesDependencies: Sendable {
  /// Nil when passwords are not for signing in.
  package let byPassword: LoginByPassword?
  package let tokens: LoginTokens
  /// How clients that are signed in may ask for a token for another one.
  package let handover: LoginHandover
  package let refresh: RefreshSession
  package let confirmation: OwnerConfirmation

  package init(
    byPassword: LoginByPassword?, tokens: LoginTokens, handover: LoginHandover,
    refresh: RefreshSession, confirmation: OwnerConfirmation
  ) {
    self.byPassword = byPassword
    self.tokens = tokens
    self.handover = handover
    self.refresh = refresh
    self.confirmation = confirmation
  }
}

/// Whether a client that is signed in may sign in another one.
package enum LoginHandover: Sendable {
  case refused
  case allowed
  /// With the password only.
  case confirmed
}

/// The kinds of login that there are.
///
/// spec: client-server-api#legacy-login
private enum LoginType: String {
  case password = "m.login.password"
  case token = "m.login.token"
}

func loginRoutes(
  _ dependencies: LoginRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let flows = loginFlows(dependencies).bytes
  return [
    accountRoute("login_flows", .get, "/login") { _ in .json(200, flows) },
    accountRoute("login", .post, "/login") { request in
      let body = try request.json()
      let type = try body.requiredString("type")
      try await authenticated.limiter.check(.loginAddress, key: request.remoteAddress)
      return .json(200, JSON(try await login(type, body, dependencies)))
    },
    accountRoute(
      "login_token", .post, "/login/get_token", at: [.v1],
      authenticated { requester, request in
        try await handOver(request, requester, dependencies)
      }),
    accountRoute("refresh", .post, "/refresh") { request in
      let token = try request.json().requiredString("refresh_token")
      let session = try await dependencies.refresh(token)
      var answer: [String: JSON] = ["access_token": .string(session.accessToken)]
      answer.merge(session.refreshMembers) { $1 }
      return .json(200, .object(answer))
    },
  ]
}

private func loginFlows(_ dependencies: LoginRoutesDependencies) -> JSON {
  var flows: [JSON] = []
  if dependencies.byPassword != nil { flows.append(["type": "m.login.password"]) }
  if dependencies.handover != .refused {
    flows.append(["type": "m.login.token", "get_login_token": true])
  }
  return ["flows": .array(flows)]
}

private func login(
  _ type: String, _ body: JSONView, _ dependencies: LoginRoutesDependencies
) async throws -> Session {
  switch LoginType(rawValue: type) {
  case .password:
    guard let login = dependencies.byPassword else {
      throw MatrixError.badRequest("Password login has been disabled")
    }
    guard let identifier = try LoginIdentifier(in: body) else {
      throw MatrixError.missingParam("identifier")
    }
    return try await login(
      PasswordLogin(
        user: identifier.user, password: try body.requiredString("password"),
        device: try DeviceRequest(body)))
  case .token:
    return try await dependencies.tokens.login(
      try body.requiredString("token"), on: try DeviceRequest(body))
  case nil:
    throw MatrixError.badRequest("Unknown login type")
  }
}

/// spec: client-server-api#post_matrixclientv1loginget_token
private func handOver(
  _ request: Request, _ requester: Requester, _ dependencies: LoginRoutesDependencies
) async throws -> Response {
  let body = try request.json()
  let attempt = try InteractiveAuthExchange.attempt(in: body)
  let operation = try InteractiveAuthExchange.operation(
    "login_token", body, happensOnce: true)
  return try await InteractiveAuthExchange.answering {
    switch dependencies.handover {
    case .refused: throw MatrixError.unrecognized
    case .allowed: break
    case .confirmed:
      try await dependencies.confirmation.require(attempt, of: requester, for: operation)
    }
    let (token, expiresIn) = try await dependencies.tokens.make(for: requester)
    return .json(200, ["login_token": .string(token), "expires_in_ms": .integer(expiresIn)])
  }
}
