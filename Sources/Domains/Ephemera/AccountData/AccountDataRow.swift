package import MatrixIdentifiers
package import MatrixJSON

/// One piece of a user's account data, as the stream carries it.
package struct AccountDataRow: Sendable, Equatable {
  package let userID: UserID
  /// Nil for data that belongs to no room.
  package let roomID: RoomID?
  package let type: String
  /// A JSON object.
  package let content: [UInt8]

  package init(userID: UserID, roomID: RoomID?, type: String, content: [UInt8]) {
    self.userID = userID
    self.roomID = roomID
    self.type = type
    self.content = content
  }

  /// As /sync tells it.
  package var event: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("content")
    writer.raw(content)
    writer.key("type")
    writer.string(type)
    writer.endObject()
    return writer.bytes
  }
}

// The form on the replication channel, and in calls to the owner.
extension AccountDataRow {
  package var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("content")
    writer.raw(content)
    if let roomID {
      writer.key("room")
      writer.string(roomID.text)
    }
    writer.key("type")
    writer.string(type)
    writer.key("user")
    writer.string(userID.text)
    writer.endObject()
    return writer.bytes
  }

  struct Malformed: Error {}

  package init(_ json: JSONView) throws {
    guard let userID = json["user"]?.string.flatMap({ UserID($0) }),
      let type = json["type"]?.string, let content = json["content"]
    else { throw Malformed() }
    self.init(
      userID: userID, roomID: json["room"]?.string.flatMap { RoomID($0) }, type: type,
      content: Array(content.rawBytes))
  }
}
