import Accounts
package import Ephemera
package import HTTPServing
import MatrixJSON

/// - Parameter presence: nil where nobody is told who is there.
/// spec: client-server-api#typing-notifications
package func typingRoutes(
  _ typing: Typing, _ presence: PresenceReporter?, _ authenticated: Authenticated
) -> [Route] {
  [
    ephemeraRoute(
      "set_typing", .put, "/rooms/{roomId}/typing/{userId}",
      authenticated(guests: .allowed) { requester, request in
        let (user, room) = (try request.ownUserID(requester), try request.roomID())
        let body = try request.json()
        guard let isTyping = body["typing"]?.bool else {
          throw body["typing"] == nil
            ? MatrixError.missingParam("typing") : .badJSON("typing must be true or false")
        }
        var timeout = Typing.defaultTimeout
        if let value = body["timeout"] {
          guard let milliseconds = value.integer else {
            throw MatrixError.badJSON("timeout must be an integer")
          }
          timeout = milliseconds
        }
        presence?.noteActivity(of: requester.userID, requester.deviceID)
        try await typing.set(user, in: room, for: isTyping ? timeout : nil)
        return .empty
      })
  ]
}

extension TypingError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .notInRoom: .forbidden("You are not joined to this room")
    }
  }
}
