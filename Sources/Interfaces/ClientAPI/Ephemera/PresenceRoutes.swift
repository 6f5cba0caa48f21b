import Accounts
package import Ephemera
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON

/// - Parameter presence: nil where nobody is told who is there.
/// spec: client-server-api#presence
package func presenceRoutes(_ presence: Presence?, _ authenticated: Authenticated) -> [Route] {
  [
    ephemeraRoute(
      "presence_status", .get, presencePath,
      authenticated(guests: .allowed) { requester, request in
        let user = try userID(in: request)
        guard let presence else { return .json(200, ["presence": "offline"]) }
        return .json(200, try await presence.content(of: user, for: requester.userID))
      }),
    ephemeraRoute(
      "set_presence_status", .put, presencePath,
      authenticated(guests: .allowed, limit: .presence) { requester, request in
        let user = try userID(in: request)
        let body = try request.json()
        guard let state = PresenceState(rawValue: try body.requiredString("presence")) else {
          throw MatrixError.invalidParam("presence must be online, unavailable or offline")
        }
        let status = try body.optionalString("status_msg")
        guard let presence else {
          guard user == requester.userID else { throw PresenceError.notYourself }
          return .empty
        }
        try await presence.set(
          state, status: status, of: user, by: requester.userID, requester.deviceID)
        return .empty
      }),
  ]
}

private let presencePath = "/presence/{userId}/status"

private func userID(in request: Request) throws(MatrixError) -> UserID {
  guard let user = UserID(request.path("userId")) else {
    throw .invalidParam("Not a valid user ID")
  }
  return user
}

extension PresenceError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .notShared: .forbidden("You are not allowed to see their presence")
    case .notYourself: .forbidden("Presence can only be set for yourself")
    case .statusTooLong:
      .invalidParam("status_msg is longer than \(Presence.statusLimit) bytes")
    case .unusableStatus: .invalidParam("status_msg must not hold a NUL character")
    }
  }
}

extension PresenceReporter.Wish {
  /// What a client says with its /sync.
  /// spec: client-server-api#get_matrixclientv3sync
  init(_ request: Request) throws(MatrixError) {
    guard let text = request.query["set_presence"], !text.isEmpty else {
      self = .unsaid
      return
    }
    guard let state = PresenceState(rawValue: text) else {
      throw .invalidParam("set_presence must be online, unavailable or offline")
    }
    self = .state(state)
  }
}
