import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Rule 1: what a room begins with.
func checkCreate(_ event: Event) throws(AuthRejection) {
  let rules = event.version.rules
  // Rule 1.1.
  guard event.prevEvents.isEmpty else { throw AuthRejection(.createPrevEvents) }
  // Rule 1.2.
  if rules.roomIDIsCreateHash {
    guard event.json["room_id"] == nil else { throw AuthRejection(.createRoomID) }
  } else {
    guard event.roomID.serverName == event.sender.serverName else {
      throw AuthRejection(.createRoomDomain)
    }
  }
  // Rule 1.3.
  if let version = event.content["room_version"] {
    guard let id = version.string, RoomVersion(id: id) != nil else {
      throw AuthRejection(.createRoomVersion)
    }
  }
  // v1 rule 1.4: gone from version 11 on, where the sender is the creator.
  if rules.creatorProperty == .content, event.content["creator"] == nil {
    throw AuthRejection(.createCreator)
  }
  // v12 rule 1.4.
  if rules.creatorsArePrivileged, let additional = event.content["additional_creators"] {
    guard additional.kind == .array,
      additional.elements.allSatisfy({ $0.string.flatMap { UserID($0) } != nil })
    else { throw AuthRejection(.createAdditionalCreators) }
  }
}
