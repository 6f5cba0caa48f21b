import EventAuth
package import HTTPServing
import Logging
import MatrixIdentifiers
package import Rooms

/// The one place that says how clients are told about a `RoomError`.
extension RoomError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .unknownRoom: .notFound("Room not found")
    case .unknownEvent: .notFound("Event not found")
    case .unknownAlias: .notFound("Room alias not found")
    case .unknownState: .notFound("State event not found")
    case .refused(let rejection): .forbidden(rejection.reason)
    case .badRelation(let problem): problem.matrixError
    case .unableToAuthoriseJoin:
      MatrixError(
        status: 403, code: .unableToAuthoriseJoin,
        message: "Whether you may join this room cannot be checked by this server")
    case .unableToGrantJoin:
      MatrixError(
        status: 403, code: .unableToGrantJoin,
        message: "Nobody of this server may let you into this room")
    case .notInRoom: .forbidden("You are not in this room")
    case .stillInRoom: .badRequest("You are still in this room", code: .unknown)
    case .unsupportedVersion(let version):
      .badRequest("Room version \(version) is not supported", code: .unsupportedRoomVersion)
    case .aliasTaken: MatrixError(status: 409, code: .unknown, message: "Room alias already exists")
    case .badAlias(let message): .badRequest(message, code: .badAlias)
    case .invalid(let name): .invalidParam("\(name) is invalid")
    case .badContent(let reason): .badJSON("The event cannot be made: \(reason)")
    case .tooLarge: .tooLarge("The event is too large")
    case .remoteUser: .forbidden("Users of other servers cannot be invited")
    case .inviteBlocked(let user):
      MatrixError(
        status: 403, code: .inviteBlocked, message: "\(user.text) wants no invitations")
    case .unavailable: .unavailable("The room cannot be written to right now; try again")
    }
  }
}

extension EventFilter.Problem: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .malformed(let part): .badJSON("The filter is malformed: \(part)")
    case .tooManyWildcards(let part): .badJSON("The filter has too many wildcards: \(part)")
    case .tooLong(let part): .badJSON("The filter has too long a list: \(part)")
    case .notAnID(let part, let text):
      .badJSON("The filter names something that is no ID in \(part): \(text.prefix(100))")
    }
  }
}

extension BadRelation {
  fileprivate var matrixError: MatrixError {
    switch self {
    case .duplicateAnnotation:
      .badRequest("You have said the same of this event before", code: .duplicateAnnotation)
    case .longKey: .invalidParam("The key of the annotation is too long")
    case .threadOnRelation:
      .badRequest("A thread cannot begin at an event that belongs to another one", code: .unknown)
    }
  }
}
