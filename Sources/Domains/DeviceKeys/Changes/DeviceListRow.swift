package import MatrixIdentifiers
package import MatrixJSON

/// A change of a user's devices or identity keys, as the stream carries it.
package struct DeviceListRow: Sendable, Equatable {
  package let userID: UserID
  /// Empty for the user's cross-signing keys.
  let deviceID: String
  /// The one user who is told; nil for everybody who shares a room with the user.
  package let audience: UserID?
  /// The rooms that the user was in when this was told, to wake who is in them. Only the first of
  /// the rows that are written together has them.
  package let rooms: [RoomID]

  package init(userID: UserID, deviceID: String, audience: UserID? = nil, rooms: [RoomID] = []) {
    self.userID = userID
    self.deviceID = deviceID
    self.audience = audience
    self.rooms = rooms
  }
}

// The form on the replication channel.
extension DeviceListRow {
  struct Malformed: Error {}

  package var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if let audience {
      writer.key("audience")
      writer.string(audience.text)
    }
    writer.key("device")
    writer.string(deviceID)
    if !rooms.isEmpty {
      writer.key("rooms")
      writer.beginArray()
      for room in rooms { writer.string(room.text) }
      writer.endArray()
    }
    writer.key("user")
    writer.string(userID.text)
    writer.endObject()
    return writer.bytes
  }

  package init(_ json: JSONView) throws {
    guard let user = json["user"]?.string.flatMap({ UserID($0) }),
      let device = json["device"]?.string
    else { throw Malformed() }
    self.init(
      userID: user, deviceID: device,
      audience: json["audience"]?.string.flatMap { UserID($0) },
      rooms: json["rooms"]?.elements.compactMap { $0.string.flatMap { RoomID($0) } } ?? [])
  }
}
