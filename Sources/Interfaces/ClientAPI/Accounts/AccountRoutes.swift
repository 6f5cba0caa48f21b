package import Accounts
package import HTTPServing

/// What the account endpoints work with.
package struct AccountRoutesDependencies: Sendable {
  package let authenticated: Authenticated
  package let registration: RegistrationRoutesDependencies
  package let login: LoginRoutesDependencies
  package let logout: Logout
  package let devices: DeviceRoutesDependencies
  package let ownership: OwnershipRoutesDependencies
  package let profiles: Profiles

  package init(
    authenticated: Authenticated, registration: RegistrationRoutesDependencies,
    login: LoginRoutesDependencies, logout: Logout, devices: DeviceRoutesDependencies,
    ownership: OwnershipRoutesDependencies, profiles: Profiles
  ) {
    self.authenticated = authenticated
    self.registration = registration
    self.login = login
    self.logout = logout
    self.devices = devices
    self.ownership = ownership
    self.profiles = profiles
  }
}

/// Registration, login, devices, profiles and the care for one's account.
package func accountRoutes(_ dependencies: AccountRoutesDependencies) -> [Route] {
  let authenticated = dependencies.authenticated
  return registrationRoutes(dependencies.registration, authenticated)
    + registrationFallbackRoutes(dependencies.registration.auth)
    + loginRoutes(dependencies.login, authenticated) + loginFallbackRoutes()
    + sessionRoutes(dependencies.logout, authenticated)
    + deviceRoutes(dependencies.devices, authenticated)
    + ownershipRoutes(dependencies.ownership, authenticated)
    + threepidRoutes(authenticated)
    + profileRoutes(dependencies.profiles, authenticated)
}

/// An endpoint of the client API that any client-facing process serves, with small bodies.
func accountRoute(
  _ id: String, _ method: HTTPMethod, _ endpoint: String,
  at prefixes: [ClientPrefix] = [.v3, .r0], bodyLimit: Int = AccountLimits.body,
  _ handler: @escaping Route.Handler
) -> Route {
  Route(
    id: id, method: method, patterns: clientPaths(endpoint, prefixes), surface: .client,
    roles: .clientFacing, bodyLimit: bodyLimit, handler: handler)
}

enum AccountLimits {
  /// Bytes: passwords, names and device ids are all short.
  static let body = 64 << 10
  /// Bytes: a whole profile and what its JSON may need more than its canonical form.
  static let profileBody = 512 << 10
}
