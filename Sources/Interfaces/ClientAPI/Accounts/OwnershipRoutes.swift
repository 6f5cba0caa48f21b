package import Accounts
package import Executors
import HTTPServing
import MatrixIdentifiers
import MatrixJSON

package struct OwnershipRoutesDependencies: Sendable {
  /// Nil when the accounts' passwords are not kept here.
  package let changePassword: ChangePassword?
  package let deactivate: DeactivateAccount
  package let openID: OpenIDTokens
  /// Nil when there is no TURN server.
  package let turn: TurnService?
  package let passwordPolicy: PasswordPolicy
  package let clock: any WallClock

  package init(
    changePassword: ChangePassword?, deactivate: DeactivateAccount, openID: OpenIDTokens,
    turn: TurnService?, passwordPolicy: PasswordPolicy, clock: any WallClock
  ) {
    self.changePassword = changePassword
    self.deactivate = deactivate
    self.openID = openID
    self.turn = turn
    self.passwordPolicy = passwordPolicy
    self.clock = clock
  }
}

/// What owners do with their accounts.
func ownershipRoutes(
  _ dependencies: OwnershipRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let policy = json(dependencies.passwordPolicy).bytes
  return [
    accountRoute(
      "change_password", .post, "/account/password",
      authenticated { requester, request in
        try await changePassword(request, requester, dependencies.changePassword)
      }),
    accountRoute("password_policy", .get, "/password_policy") { _ in .json(200, policy) },
    accountRoute(
      "deactivate_account", .post, "/account/deactivate",
      authenticated { requester, request in
        try await deactivate(request, requester, dependencies.deactivate)
      }),
    accountRoute(
      "openid_token", .post, "/user/{userId}/openid/request_token",
      authenticated { requester, request in
        try await openIDToken(request, requester, dependencies.openID)
      }),
    Route(
      id: "openid_userinfo", method: .get,
      patterns: ["/_matrix/federation/v1/openid/userinfo"], surface: .federation,
      roles: .clientFacing
    ) { request in try await userInfo(request, dependencies.openID) },
    accountRoute(
      "turn_server", .get, "/voip/turnServer",
      authenticated(guests: .allowed) { requester, _ in
        turnServer(dependencies.turn, requester, dependencies.clock)
      }),
  ]
}

/// spec: client-server-api#post_matrixclientv3accountpassword
private func changePassword(
  _ request: Request, _ requester: Requester, _ change: ChangePassword?
) async throws -> Response {
  guard let change else {
    throw MatrixError.forbidden("Passwords cannot be changed on this server")
  }
  let body = try request.json()
  let password = try body.requiredString("new_password")
  let logoutDevices = try body.optionalBool("logout_devices") ?? true
  let attempt = try InteractiveAuthExchange.attempt(in: body)
  let operation = try InteractiveAuthExchange.operation("change_password", body)
  return try await InteractiveAuthExchange.answering {
    try await change(
      to: password, of: requester, logoutDevices: logoutDevices, auth: attempt,
      operation: operation)
    return .empty
  }
}

/// spec: client-server-api#post_matrixclientv3accountdeactivate
private func deactivate(
  _ request: Request, _ requester: Requester, _ deactivate: DeactivateAccount
) async throws -> Response {
  let body = try request.json()
  let erase = try body.optionalBool("erase") ?? false
  let attempt = try InteractiveAuthExchange.attempt(in: body)
  let operation = try InteractiveAuthExchange.operation("deactivate", body)
  return try await InteractiveAuthExchange.answering {
    try await deactivate(requester, erase: erase, auth: attempt, operation: operation)
    // No identifiers of third parties are bound, so all of them are unbound.
    return .json(200, ["id_server_unbind_result": "success"])
  }
}

/// spec: client-server-api#post_matrixclientv3useruseridopenidrequest_token
private func openIDToken(
  _ request: Request, _ requester: Requester, _ tokens: OpenIDTokens
) async throws -> Response {
  guard UserID(request.path("userId")) == requester.userID else {
    throw MatrixError.forbidden("Tokens are only given out for oneself")
  }
  _ = try request.json()
  return .json(
    200,
    [
      "access_token": .string(try await tokens.make(for: requester.userID)),
      "token_type": "Bearer",
      "matrix_server_name": .string(requester.userID.serverName.text),
      "expires_in": .integer(OpenIDTokens.lifetime),
    ])
}

/// Asked by the services to which users have given their tokens.
///
/// spec: server-server-api#get_matrixfederationv1openiduserinfo
private func userInfo(_ request: Request, _ tokens: OpenIDTokens) async throws -> Response {
  guard let token = request.query["access_token"] else { throw MatrixError.missingToken }
  guard let user = try await tokens.user(of: token) else { throw MatrixError.unknownToken() }
  return .json(200, ["sub": .string(user.text)])
}

/// Without a TURN server the answer is empty, as clients expect it.
private func turnServer(
  _ turn: TurnService?, _ requester: Requester, _ clock: any WallClock
) -> Response {
  guard let turn, turn.allowsGuests || !requester.isGuest else { return .empty }
  let credentials = turn.credentials(for: requester.userID, now: clock.now())
  return .json(
    200,
    [
      "username": .string(credentials.username), "password": .string(credentials.password),
      "uris": .array(credentials.uris.map { .string($0) }),
      "ttl": .integer(credentials.lifetime),
    ])
}

private func json(_ policy: PasswordPolicy) -> JSON {
  var members: [String: JSON] = [:]
  if let length = policy.minimumLength {
    members["m.minimum_length"] = .integer(Int64(length))
  }
  if policy.requiresDigit { members["m.require_digit"] = true }
  if policy.requiresSymbol { members["m.require_symbol"] = true }
  if policy.requiresLowerCase { members["m.require_lowercase"] = true }
  if policy.requiresUpperCase { members["m.require_uppercase"] = true }
  return .object(members)
}
