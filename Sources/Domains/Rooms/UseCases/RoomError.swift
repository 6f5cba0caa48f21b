package import EventAuth
package import MatrixIdentifiers

/// Why a request about a room cannot be carried out.
package enum RoomError: Error, Sendable, Equatable {
  case unknownRoom
  case unknownEvent
  case unknownAlias
  case unknownState
  /// The rules of the room forbid it.
  case refused(AuthRejection)
  case badRelation(BadRelation)
  /// Whether the user may join is for another server to say.
  case unableToAuthoriseJoin
  /// The user may join, but nobody of this server may let them in.
  case unableToGrantJoin
  case notInRoom
  case stillInRoom
  case unsupportedVersion(String)
  case aliasTaken
  case badAlias(String)
  /// A value that cannot be used, with its name.
  case invalid(String)
  case badContent(String)
  case tooLarge
  case remoteUser
  /// The user wants no invitations.
  case inviteBlocked(UserID)
  case unavailable(String)

  package init(_ error: PersistError) {
    self =
      switch error {
      case .unknownRoom: .unknownRoom
      case .roomInUse: .unavailable("the room id is taken")
      case .refused(let rejection): .refused(rejection)
      case .badRelation(let problem): .badRelation(problem)
      case .wrongMembership(let current):
        .refused(
          AuthRejection(
            rule: "membership", reason: "The user's membership in the room is \(current)"))
      case .invalid(let reason): .badContent(reason)
      case .tooLarge: .tooLarge
      case .withdrawn(let reason), .takenOver(let reason): .unavailable(reason)
      case .unavailable(let reason): .unavailable(reason)
      }
  }
}
