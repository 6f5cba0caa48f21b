package import DelayedEvents
package import Executors
package import HTTPServing
package import MatrixIdentifiers
package import RoomEvents
package import Rooms

/// The rooms that a user is in, as the worker remembers them.
package typealias JoinedRoomsOfUser = @Sendable (UserID) async throws -> [RoomID]

/// What the room endpoints work with.
package struct RoomRoutesDependencies: Sendable {
  package let authenticated: Authenticated
  package let create: CreateRoom
  package let membership: ChangeMembership
  package let send: SendEvent
  package let schedule: ScheduleDelayedEvent
  package let read: ReadRoom
  package let joinedRooms: JoinedRoomsOfUser
  package let history: ReadHistory
  package let relations: ReadRelations
  package let times: FindEventByTime
  package let upgrade: UpgradeRoom
  package let reports: ReportContent
  package let directory: RoomDirectory
  package let guests: GuestAccess
  package let defaultVersion: RoomVersion
  package let clock: any WallClock

  package init(
    authenticated: Authenticated, create: CreateRoom, membership: ChangeMembership,
    send: SendEvent, schedule: ScheduleDelayedEvent, read: ReadRoom,
    joinedRooms: @escaping JoinedRoomsOfUser, history: ReadHistory, relations: ReadRelations,
    times: FindEventByTime, upgrade: UpgradeRoom, reports: ReportContent,
    directory: RoomDirectory, guests: GuestAccess, defaultVersion: RoomVersion, clock: any WallClock
  ) {
    self.authenticated = authenticated
    self.create = create
    self.membership = membership
    self.send = send
    self.schedule = schedule
    self.read = read
    self.joinedRooms = joinedRooms
    self.history = history
    self.relations = relations
    self.times = times
    self.upgrade = upgrade
    self.reports = reports
    self.directory = directory
    self.guests = guests
    self.defaultVersion = defaultVersion
    self.clock = clock
  }
}

/// Making, joining, reading and writing rooms.
package func roomRoutes(_ dependencies: RoomRoutesDependencies) -> [Route] {
  let authenticated = dependencies.authenticated
  return createRoomRoutes(dependencies, authenticated)
    + membershipRoutes(dependencies, authenticated)
    + sendRoutes(dependencies, authenticated)
    + stateRoutes(dependencies, authenticated)
    + memberRoutes(
      dependencies.read, dependencies.joinedRooms, authenticated, dependencies.clock)
    + historyRoutes(dependencies, authenticated)
    + relationRoutes(dependencies, authenticated)
    + upgradeRoutes(dependencies.upgrade, authenticated)
    + reportRoutes(dependencies.reports, authenticated)
    + directoryRoutes(dependencies.directory, authenticated)
}

/// An endpoint of one room. Requests of a room go to one worker where the proxy allows it.
func roomRoute(
  _ id: String, _ method: HTTPMethod, _ endpoints: String..., balancing: Balancing = .room,
  handler: @escaping Route.Handler
) -> Route {
  Route(
    id: id, method: method, patterns: endpoints.flatMap { clientPaths($0) }, surface: .client,
    roles: .clientFacing, balancing: balancing, bodyLimit: RoomLimits.body, handler: handler)
}

enum RoomLimits {
  /// Bytes of a body: an event's limit with room for escapes.
  static let body = 512 << 10
}
