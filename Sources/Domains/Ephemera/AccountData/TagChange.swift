import MatrixIdentifiers
import MatrixJSON
import Streams

/// A tag of a room that its user sets or removes.
/// spec: client-server-api#room-tagging
struct TagChange: Sendable, Equatable {
  static let type = "m.tag"

  let userID: UserID
  let roomID: RoomID
  let tag: String
  /// A JSON object; nil to remove the tag.
  let info: [UInt8]?

  /// The new content of `m.tag`; nil when nothing changes.
  func applied(to content: [UInt8]?, limit: Int) throws -> [UInt8]? {
    var tags: [String: JSON] = [:]
    if let content, let known = try JSONDocument(content).root["tags"] {
      for (name, info) in known.members { tags[name] = JSON(info) }
    }
    let value = try info.map { JSON(try JSONDocument($0).root) }
    guard tags[tag] != value else { return nil }
    tags[tag] = value
    guard tags.count <= limit else {
      throw OwnerError.refused(
        status: 400, code: "M_LIMIT_EXCEEDED",
        reason: "A room can have no more than \(limit) tags")
    }
    return JSON.object(["tags": .object(tags)]).bytes
  }

  var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if let info {
      writer.key("info")
      writer.raw(info)
    }
    writer.key("room")
    writer.string(roomID.text)
    writer.key("tag")
    writer.string(tag)
    writer.key("user")
    writer.string(userID.text)
    writer.endObject()
    return writer.bytes
  }
}

extension TagChange {
  init(_ json: JSONView) throws {
    guard let userID = json["user"]?.string.flatMap({ UserID($0) }),
      let roomID = json["room"]?.string.flatMap({ RoomID($0) }), let tag = json["tag"]?.string
    else { throw AccountDataRow.Malformed() }
    self.init(
      userID: userID, roomID: roomID, tag: tag, info: json["info"].map { Array($0.rawBytes) })
  }
}
