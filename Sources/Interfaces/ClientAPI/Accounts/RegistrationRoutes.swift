package import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON

package struct RegistrationRoutesDependencies: Sendable {
  package let register: RegisterAccount
  package let registerGuest: RegisterGuest
  package let auth: RegistrationAuth
  package let availability: UserAvailability
  package let tokens: RegistrationTokens

  package init(
    register: RegisterAccount, registerGuest: RegisterGuest, auth: RegistrationAuth,
    availability: UserAvailability, tokens: RegistrationTokens
  ) {
    self.register = register
    self.registerGuest = registerGuest
    self.auth = auth
    self.availability = availability
    self.tokens = tokens
  }
}

func registrationRoutes(
  _ dependencies: RegistrationRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  [
    accountRoute("register", .post, "/register") { request in
      switch request.query["kind"] ?? "user" {
      case "user":
        try await registerUser(request, dependencies.register, authenticated)
      case "guest":
        try await registerGuest(request, dependencies.registerGuest)
      default: throw MatrixError.invalidParam("kind must be user or guest")
      }
    },
    accountRoute("register_available", .get, "/register/available") { request in
      try await dependencies.availability.check(try request.query.required("username"))
      return .json(200, ["available": true])
    },
    accountRoute(
      "registration_token_validity", .get,
      "/register/m.login.registration_token/validity", at: [.v1]
    ) { request in
      try await authenticated.limiter.check(
        .registrationTokenValidity, key: request.remoteAddress)
      let token = try request.query.required("token")
      return .json(200, ["valid": .bool(try await dependencies.tokens.isValid(token))])
    },
  ]
}

private func registerUser(
  _ request: Request, _ register: RegisterAccount, _ authenticated: Authenticated
) async throws -> Response {
  let body = try request.json()
  var guest: Requester?
  if let token = try body.optionalString("guest_access_token") {
    guest = try await authenticated.requester(token: token, of: request)
  }
  let registration = RegistrationRequest(
    username: try body.optionalString("username"),
    password: try body.optionalString("password"), device: try DeviceRequest(body),
    inhibitLogin: try body.optionalBool("inhibit_login") ?? false,
    auth: try InteractiveAuthExchange.attempt(in: body), guest: guest,
    address: request.remoteAddress)
  return try await InteractiveAuthExchange.answering {
    answer(try await register(registration))
  }
}

/// All parameters but the device's name are ignored.
private func registerGuest(
  _ request: Request, _ register: RegisterGuest
) async throws -> Response {
  let name = try request.json().optionalString("initial_device_display_name")
  return answer(
    try await register(initialDeviceDisplayName: name, address: request.remoteAddress))
}

private func answer(_ registered: Registered) -> Response {
  if let session = registered.session { return .json(200, JSON(session)) }
  return .json(
    200,
    [
      "user_id": .string(registered.userID.text),
      "home_server": .string(registered.userID.serverName.text),
    ])
}
