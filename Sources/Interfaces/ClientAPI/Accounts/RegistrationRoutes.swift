package import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON

package struct RegistrationRoutesDependencies: Sendable {
  package let register: RegisterAccount
  package let registerGuest: RegisterGuest
  package let availability: UserAvailability

  package init(
    register: RegisterAccount, registerGuest: RegisterGuest, availability: UserAvailability
  ) {
    self.register = register
    self.registerGuest = registerGuest
    self.availability = availability
  }
}

func registrationRoutes(_ dependencies: RegistrationRoutesDependencies) -> [Route] {
  [
    accountRoute("register", .post, "/register") { request in
      switch request.query["kind"] ?? "user" {
      case "user": try await registerUser(request, dependencies.register)
      case "guest": try await registerGuest(request, dependencies.registerGuest)
      default: throw MatrixError.invalidParam("kind must be user or guest")
      }
    },
    accountRoute("register_available", .get, "/register/available") { request in
      guard let name = request.query["username"] else { throw MatrixError.missingParam("username") }
      try await dependencies.availability.check(name)
      return .json(200, ["available": true])
    },
  ]
}

private func registerUser(
  _ request: Request, _ register: RegisterAccount
) async throws -> Response {
  let body = try request.json()
  let registration = RegistrationRequest(
    username: try body.optionalString("username"),
    password: try body.optionalString("password"), device: try DeviceRequest(body),
    inhibitLogin: try body.optionalBool("inhibit_login") ?? false,
    auth: try InteractiveAuthExchange.attempt(in: body))
  return try await InteractiveAuthExchange.answering {
    answer(try await register(registration))
  }
}

/// All parameters but the device's name are ignored.
private func registerGuest(
  _ request: Request, _ register: RegisterGuest
) async throws -> Response {
  let name = try request.json().optionalString("initial_device_display_name")
  return answer(try await register(initialDeviceDisplayName: name))
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
