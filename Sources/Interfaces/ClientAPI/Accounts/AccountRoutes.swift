package import Accounts
package import HTTPServing

/// What the account endpoints work with.
package struct AccountRoutesDependencies: Sendable {
  package let authenticated: Authenticated
  package let registration: RegistrationRoutesDependencies
  package let login: LoginByPassword
  package let logout: Logout
  package let devices: DeviceDirectory
  package let profiles: Profiles

  package init(
    authenticated: Authenticated, registration: RegistrationRoutesDependencies,
    login: LoginByPassword, logout: Logout, devices: DeviceDirectory, profiles: Profiles
  ) {
    self.authenticated = authenticated
    self.registration = registration
    self.login = login
    self.logout = logout
    self.devices = devices
    self.profiles = profiles
  }
}

/// Registration, login, devices and profiles.
package func accountRoutes(_ dependencies: AccountRoutesDependencies) -> [Route] {
  registrationRoutes(dependencies.registration)
    + loginRoutes(dependencies.login)
    + sessionRoutes(dependencies.logout, dependencies.authenticated)
    + deviceRoutes(dependencies.devices, dependencies.authenticated)
    + profileRoutes(dependencies.profiles, dependencies.authenticated)
}

/// An endpoint of the client API that any client-facing process serves, with small bodies.
func accountRoute(
  _ id: String, _ method: HTTPMethod, _ endpoint: String, _ handler: @escaping Route.Handler
) -> Route {
  // Bytes: passwords, names and device ids are all short.
  let bodyLimit = 64 * 1024
  return Route(
    id: id, method: method, patterns: clientPaths(endpoint), surface: .client,
    roles: .clientFacing, bodyLimit: bodyLimit, handler: handler)
}
