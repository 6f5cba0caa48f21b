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
  return event
}
