import Accounts
package import Ephemera
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import Rooms
package import Sync

/// What the sync endpoints work with.
package struct SyncRoutesDependencies: Sendable {
  package let authenticated: Authenticated
  package let engine: SyncEngine
  package let filters: FilterStore
  /// Nil where nobody is told who is there.
  package let presence: PresenceReporter?

  package init(
    authenticated: Authenticated, engine: SyncEngine, filters: FilterStore,
    presence: PresenceReporter?
  ) {
    self.authenticated = authenticated
    self.engine = engine
    self.filters = filters
    self.presence = presence
  }
}

/// spec: client-server-api#syncing
package func syncRoutes(_ dependencies: SyncRoutesDependencies) -> [Route] {
  let (engine, filters) = (dependencies.engine, dependencies.filters)
  return [
    syncRoute(
      "sync", .get, "/sync", longestWait: SyncEngine.longestPoll,
      dependencies.authenticated(guests: .allowed) { requester, request in
        let filter = try await SyncFilterReader(filters).read(
          request.query["filter"], of: requester.userID)
        var syncRequest = SyncRequest(
          userID: requester.userID, deviceID: requester.deviceID, since: try since(request),
          timeout: .milliseconds(
            try request.query.integer("timeout", default: 0, range: 0...Int64.max)),
          fullState: try request.query.bool("full_state", default: false), filter: filter)
        syncRequest.stateForm = try stateForm(request)
        let wish = try PresenceReporter.Wish(request)
        let use = dependencies.presence?.begin(requester.userID, requester.deviceID, wish)
        request.releaseDetails()
        let poll = LongPoll(engine: engine) { use.map { dependencies.presence?.end($0) } }
        return try await poll.answer { [syncRequest] in try await engine.begin(syncRequest) }
      }),
    syncRoute(
      "create_filter", .post, "/user/{userId}/filter",
      dependencies.authenticated { requester, request in
        try checkOwner(request, requester.userID)
        let body = try request.json()
        _ = try SyncFilterReader.parse(body)
        let definition: [UInt8]
        do {
          definition = try canonicalJSON(body)
        } catch {
          throw MatrixError.badJSON("The filter has no canonical form")
        }
        do {
          let id = try await filters.add(definition, for: requester.userID)
          return .json(200, ["filter_id": .string(String(id))])
        } catch FilterStore.Failure.tooMany {
          throw MatrixError.badRequest(
            "You have \(FilterStore.limit) filters, which is all that are kept", code: .unknown)
        }
      }),
    syncRoute(
      "get_filter", .get, "/user/{userId}/filter/{filterId}",
      dependencies.authenticated { requester, request in
        try checkOwner(request, requester.userID)
        guard let id = Int64(request.path("filterId")),
          let definition = try await filters.definition(id, of: requester.userID)
        else { throw MatrixError.notFound("No such filter") }
        return .json(200, definition)
      }),
  ]
}

private func syncRoute(
  _ id: String, _ method: HTTPMethod, _ endpoint: String, longestWait: Duration = .zero,
  _ handler: @escaping Route.Handler
) -> Route {
  // Bytes: the largest body is a filter.
  let bodyLimit = 64 << 10
  return Route(
    id: id, method: method, patterns: clientPaths(endpoint), surface: .client,
    roles: .clientFacing, balancing: .user, bodyLimit: bodyLimit,
    longestWait: longestWait, handler: handler)
}

private func since(_ request: Request) throws(MatrixError) -> SyncToken? {
  guard let text = request.query["since"], !text.isEmpty else { return nil }
  guard let token = SyncToken(text) else { throw .invalidParam("Invalid stream token") }
  return token
}

private func stateForm(_ request: Request) throws(MatrixError) -> SyncRequest.StateForm {
  if try request.query.bool("use_state_after", default: false) { return .afterTimeline }
  let unstable = try request.query.bool("org.matrix.msc4222.use_state_after", default: false)
  return unstable ? .afterTimelineUnstable : .beforeTimeline
}

private func checkOwner(_ request: Request, _ user: UserID) throws(MatrixError) {
  guard UserID(request.path("userId")) == user else {
    throw .forbidden("Filters can only be read and made for yourself")
  }
}

/// Filters as /sync names them: inline, or by the id of a stored one.
private struct SyncFilterReader {
  private let filters: FilterStore

  init(_ filters: FilterStore) {
    self.filters = filters
  }

  func read(_ parameter: String?, of user: UserID) async throws -> SyncFilter {
    guard let text = parameter, !text.isEmpty else { return SyncFilter() }
    if text.utf8.first == UInt8(ascii: "{") {
      return try Self.parse(try JSONBody.object(Array(text.utf8)))
    }
    guard let id = Int64(text), let definition = try await filters.definition(id, of: user) else {
      throw MatrixError.invalidParam("No such filter")
    }
    return try Self.parse(try JSONBody.object(definition))
  }

  static func parse(_ json: JSONView) throws(MatrixError) -> SyncFilter {
    do throws(EventFilter.Problem) {
      return try SyncFilter(json)
    } catch {
      throw error.matrixError
    }
  }
}
