import MatrixIdentifiers
import RoomEvents

/// Check 1: is the event one of this room, in the form of the room's version.
///
/// spec: server-server-api#checks-performed-on-receipt-of-a-pdu
func validEvent(
  _ bytes: [UInt8], in room: RoomID, version: RoomVersion
) throws(DropReason) -> Event {
  let event: Event
  do {
    event = try Event(bytes: bytes, version: version)
  } catch {
    throw .malformed(error)
  }
  guard event.roomID == room else { throw .otherRoom }
  try checkStorable(event)
  return event
}

/// The database holds no NUL in text, and other servers' neither. Identifiers cannot have one.
private func checkStorable(_ event: Event) throws(DropReason) {
  guard !event.type.utf8.contains(0) else { throw .malformed(.malformed(key: "type")) }
  guard event.stateKey?.utf8.contains(0) != true else {
    throw .malformed(.malformed(key: "state_key"))
  }
}
