import MatrixIdentifiers
import MatrixJSON

/// The fields that are read from every event as soon as it is parsed.
struct EventHeader: Sendable {
  let roomID: RoomID
  let sender: UserID
  let type: String
  let stateKey: String?
  let depth: Int64
  let originServerTimestamp: Int64

  init(_ event: JSONView, version: RoomVersion, eventID: EventID) throws(EventError) {
    guard let type = event["type"]?.string else { throw .malformed(key: "type") }
    guard let sender = event["sender"]?.string.flatMap({ UserID($0) }) else {
      throw .malformed(key: "sender")
    }
    guard let depth = event["depth"]?.wideInteger, depth >= 0 else {
      throw .malformed(key: "depth")
    }
    guard let timestamp = event["origin_server_ts"]?.wideInteger else {
      throw .malformed(key: "origin_server_ts")
    }
    if let key = event["state_key"] {
      guard let text = key.string else { throw .malformed(key: "state_key") }
      stateKey = text
    } else {
      stateKey = nil
    }
    self.type = type
    self.sender = sender
    self.depth = depth
    originServerTimestamp = timestamp
    roomID = try Self.roomID(event, type: type, version: version, eventID: eventID)
  }

  private static func roomID(
    _ event: JSONView, type: String, version: RoomVersion, eventID: EventID
  ) throws(EventError) -> RoomID {
    // spec: rooms/v12#event-format
    let isNamedByHash = version.rules.roomIDIsCreateHash && type == EventType.create
    let room =
      isNamedByHash
      ? RoomID(createEvent: eventID) : event["room_id"]?.string.flatMap { RoomID($0) }
    guard let room else { throw .malformed(key: "room_id") }
    return room
  }
}
