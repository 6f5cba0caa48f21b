import Accounts
package import Ephemera
package import Executors
package import HTTPServing
import MatrixIdentifiers
import RoomEvents
package import Rooms
package import Sync

/// What the endpoints from before /sync work with.
package struct LegacyRoutesDependencies: Sendable {
  package let authenticated: Authenticated
  package let engine: SyncEngine
  package let watch: RoomWatch
  /// Nil where nobody is told who is there.
  package let presence: PresenceReporter?
  package let read: ReadRoom
  package let history: ReadHistory
  package let memberships: MembershipStore
  package let events: EventStore
  package let clock: any WallClock

  package init(
    authenticated: Authenticated, engine: SyncEngine, watch: RoomWatch,
    presence: PresenceReporter?, read: ReadRoom, history: ReadHistory,
    memberships: MembershipStore, events: EventStore, clock: any WallClock
  ) {
    self.authenticated = authenticated
    self.engine = engine
    self.watch = watch
    self.presence = presence
    self.read = read
    self.history = history
    self.memberships = memberships
    self.events = events
    self.clock = clock
  }

  var invites: LegacyInvites {
    LegacyInvites(memberships: memberships, events: events, clock: clock)
  }
}

/// Milliseconds that /events waits where the client does not say.
private let defaultTimeout: Int64 = 30_000

/// The endpoints from before /sync, which are made of what that gives.
package func legacyRoutes(_ dependencies: LegacyRoutesDependencies) -> [Route] {
  let (authenticated, engine) = (dependencies.authenticated, dependencies.engine)
  let invites = dependencies.invites
  return [
    legacyRoute(
      "event_stream", "/events", longestWait: SyncEngine.longestPoll,
      authenticated(guests: .allowed) { requester, request in
        try await eventStream(dependencies, requester, request)
      }),
    legacyRoute(
      "initial_sync", "/initialSync",
      authenticated { requester, request in
        var filter = SyncFilter()
        filter.timelineLimit = try messageLimit(request)
        filter.includesLeft = try request.query.bool("archived", default: false)
        let answer = InitialSyncAnswer(user: requester.userID, invites: invites)
        let bytes = try await firstSync(engine, requester, filter)
        return .json(200, try await answer.render(bytes))
      }),
    legacyRoute(
      "room_initial_sync", "/rooms/{roomId}/initialSync", balancing: .room,
      authenticated(guests: .allowed) { requester, request in
        try await roomInitialSync(dependencies, requester, request)
      }),
    legacyRoute(
      "single_event", "/events/{eventId}",
      authenticated { requester, request in
        let id = try request.eventID()
        guard let found = try await dependencies.events.event(id) else {
          throw RoomError.unknownEvent
        }
        let stored = try await dependencies.read.event(
          id, in: found.event.roomID, for: requester.userID)
        return .json(
          200,
          ClientEvent.bytes(stored, reader: requester.reader, now: dependencies.clock.now()))
      }),
  ]
}

private func legacyRoute(
  _ id: String, _ endpoint: String, balancing: Balancing = .user, longestWait: Duration = .zero,
  _ handler: @escaping Route.Handler
) -> Route {
  Route(
    id: id, method: .get, patterns: clientPaths(endpoint), surface: .client,
    roles: .clientFacing, balancing: balancing, longestWait: longestWait, handler: handler)
}

private func eventStream(
  _ dependencies: LegacyRoutesDependencies, _ requester: Requester, _ request: Request
) async throws -> Response {
  let (engine, user) = (dependencies.engine, requester.userID)
  let timeout = Duration.milliseconds(
    try request.query.integer("timeout", default: defaultTimeout, range: 0...Int64.max))
  let from = try startToken(request) ?? engine.position
  var filter = SyncFilter()
  filter.timelineLimit = SyncFilter.maximumTimelineLimit
  if let text = request.query["room_id"] {
    guard let room = RoomID(text) else { throw MatrixError.invalidParam("Not a valid room ID") }
    let membership = try await dependencies.memberships.membership(of: user, in: room)
    guard membership?.membership == "join" else {
      let peek = PeekStream(
        history: dependencies.history, watch: dependencies.watch, clock: dependencies.clock,
        user: user, room: room, from: from)
      let longest = min(timeout, SyncEngine.longestPoll)
      return try await peek.answer(until: ContinuousClock.now.advanced(by: longest))
    }
    filter.rooms = [room.text]
  } else if requester.isGuest {
    throw MatrixError.badRequest("Guests must name a room with room_id", code: .missingParam)
  }
  let use = dependencies.presence?.begin(user, requester.deviceID, .unsaid)
  let answer = EventStreamAnswer(user: user, from: from, invites: dependencies.invites)
  // Without a device, so that what is kept for it is not taken as received.
  let syncRequest = SyncRequest(
    userID: user, deviceID: nil, since: from, timeout: timeout, fullState: false, filter: filter)
  let poll = LongPoll(engine: engine, render: answer.render) {
    use.map { dependencies.presence?.end($0) }
  }
  return try await poll.answer { try await engine.begin(syncRequest) }
}

private func roomInitialSync(
  _ dependencies: LegacyRoutesDependencies, _ requester: Requester, _ request: Request
) async throws -> Response {
  let (room, limit) = (try request.roomID(), try messageLimit(request))
  var filter = SyncFilter()
  filter.timelineLimit = limit
  filter.includesLeft = true
  filter.rooms = [room.text]
  let bytes = try await firstSync(dependencies.engine, requester, filter)
  let answer = InitialSyncAnswer(user: requester.userID, invites: dependencies.invites)
  if let body = try answer.render(bytes, room: room) { return .json(200, body) }
  let peeked = PeekedRoom(
    read: dependencies.read, history: dependencies.history, clock: dependencies.clock)
  return .json(
    200,
    try await peeked.body(
      of: room, for: requester.userID, limit: limit, end: dependencies.engine.position))
}

private func firstSync(
  _ engine: SyncEngine, _ requester: Requester, _ filter: SyncFilter
) async throws -> [UInt8] {
  do {
    return try await engine.sync(
      SyncRequest(
        userID: requester.userID, deviceID: nil, since: nil, timeout: .zero, fullState: false,
        filter: filter))
  } catch is SyncEngine.Failure {
    throw MatrixError.unavailable()
  }
}

private func startToken(_ request: Request) throws(MatrixError) -> SyncToken? {
  guard let text = request.query["from"], !text.isEmpty, text != "END" else { return nil }
  guard let token = SyncToken(text) else { throw .invalidParam("Invalid token in from") }
  return token
}

private func messageLimit(_ request: Request) throws(MatrixError) -> Int {
  let asked = try request.query.integer(
    "limit", default: Int64(SyncFilter.defaultTimelineLimit), range: 0...Int64.max)
  return Int(min(asked, Int64(SyncFilter.maximumTimelineLimit)))
}
