package import Accounts
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON

/// What the administrators' endpoints work with.
package struct AdminRoutesDependencies: Sendable {
  package let authenticator: Authenticator
  package let registration: SharedSecretRegistration
  package let availability: UserAvailability
  package let tokens: RegistrationTokens
  package let overrides: RateLimitOverrides

  package init(
    authenticator: Authenticator, registration: SharedSecretRegistration,
    availability: UserAvailability, tokens: RegistrationTokens, overrides: RateLimitOverrides
  ) {
    self.authenticator = authenticator
    self.registration = registration
    self.availability = availability
    self.tokens = tokens
    self.overrides = overrides
  }
}

/// The part of Synapse's admin API that is offered.
package func adminRoutes(_ dependencies: AdminRoutesDependencies) -> [Route] {
  let admin = AdminOnly(dependencies.authenticator)
  return sharedSecretRoutes(dependencies.registration)
    + registrationTokenRoutes(dependencies.tokens, admin)
    + rateLimitRoutes(dependencies.overrides, admin)
    + [
      adminRoute(
        "admin_username_available", .get, "/v1/username_available",
        admin { request in
          let name = try request.query.required("username")
          try await dependencies.availability.check(name, forAdmin: true)
          return .json(200, ["available": true])
        })
    ]
}

func adminRoute(
  _ id: String, _ method: HTTPMethod, _ endpoint: String, _ handler: @escaping Route.Handler
) -> Route {
  Route(
    id: id, method: method, patterns: ["/_synapse/admin\(endpoint)"], surface: .admin,
    roles: [.main, .genericWorker], handler: handler)
}

/// Turns a handler into a route's for administrators.
struct AdminOnly: Sendable {
  private let authenticator: Authenticator

  init(_ authenticator: Authenticator) {
    self.authenticator = authenticator
  }

  func callAsFunction(_ handler: @escaping Route.Handler) -> Route.Handler {
    callAsFunction { _, request in try await handler(request) }
  }

  func callAsFunction(
    _ handler: @escaping @Sendable (Requester, Request) async throws -> Response
  ) -> Route.Handler {
    { [authenticator] request in
      guard let token = request.bearerToken else { throw MatrixError.missingToken }
      let requester = try await authenticator.requester(
        token: token, from: request.remoteAddress)
      guard requester.isAdmin else { throw AccountError.notAdministrator }
      return try await handler(requester, request)
    }
  }
}

/// The database takes no text with a NUL.
func storable(_ text: String, _ name: String) throws(MatrixError) -> String {
  guard !text.utf8.contains(0) else { throw .invalidParam("\(name) must not contain NUL") }
  return text
}

/// The room that the path names.
func roomID(in request: Request) throws(MatrixError) -> RoomID {
  guard let room = RoomID(request.path("roomId")) else {
    throw .invalidParam("\(request.path("roomId")) is not a legal room ID")
  }
  return room
}

/// The user that the path names.
func userID(in request: Request) throws(MatrixError) -> UserID {
  guard let user = UserID(request.path("userId")) else {
    throw .invalidParam("Not a valid user ID")
  }
  return user
}
