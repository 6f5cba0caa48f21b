import Accounts
package import Executors
package import HTTPServing
package import PushRules

/// What the endpoints of push rules, notifications and pushers work with.
package struct PushRoutesDependencies: Sendable {
  package let authenticated: Authenticated
  package let rules: PushRules
  package let notifications: ListNotifications
  package let pushers: PusherStore
  /// Up to where the events stream has come in this process.
  package let position: @Sendable () -> Int64
  package let clock: any WallClock

  package init(
    authenticated: Authenticated, rules: PushRules, notifications: ListNotifications,
    pushers: PusherStore, position: @escaping @Sendable () -> Int64, clock: any WallClock
  ) {
    self.authenticated = authenticated
    self.rules = rules
    self.notifications = notifications
    self.pushers = pushers
    self.position = position
    self.clock = clock
  }
}

/// spec: client-server-api#push-notifications
package func pushRoutes(_ dependencies: PushRoutesDependencies) -> [Route] {
  let authenticated = dependencies.authenticated
  return pushRulesetRoutes(dependencies.rules, authenticated)
    + pushRuleRoutes(dependencies.rules, authenticated)
    + notificationRoutes(dependencies, authenticated)
    + pusherRoutes(dependencies, authenticated)
}

/// An endpoint of a user's push settings.
func pushRoute(
  _ id: String, _ method: HTTPMethod, _ endpoints: String..., handler: @escaping Route.Handler
) -> Route {
  // Bytes: a rule or a pusher.
  let bodyLimit = 64 << 10
  return Route(
    id: id, method: method, patterns: endpoints.flatMap { clientPaths($0) }, surface: .client,
    roles: .clientFacing, balancing: .user, bodyLimit: bodyLimit, handler: handler)
}
