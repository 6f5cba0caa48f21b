package import EventAuth

/// Why a request about a room cannot be carried out.
package enum RoomError: Error, Sendable, Equatable {
  case unknownRoom
  case unknownEvent
  case unknownAlias
  case unknownState
  /// The rules of the room forbid it.
  case refused(AuthRejection)
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
  case unavailable(String)

  init(_ error: PersistError) {
    self =
      switch error {
      case .unknownRoom: .unknownRoom
      case .roomInUse: .unavailable("the room id is taken")
      case .refused(let rejection): .refused(rejection)
      case .wrongMembership(let current):
        .refused(
          AuthRejection(
            rule: "membership", reason: "The user's membership in the room is \(current)"))
      case .invalid(let reason): .badContent(reason)
      case .tooLarge: .tooLarge
      case .unavailable(let reason): .unavailable(reason)
      }
  }
}
