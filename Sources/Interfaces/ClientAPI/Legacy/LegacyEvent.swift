import MatrixIdentifiers
import MatrixJSON

/// Events as clients got them before /sync: with their room, and with what has moved to `unsigned`
/// since then in its old place too.
enum LegacyEvent {
  private static let movedKeys: Set<String> = [
    "age", "prev_content", "redacted_because", "replaces_state",
  ]

  /// - Parameter room: nil for what belongs to no room.
  static func write(_ event: JSONView, in room: String?, to writer: inout JSONWriter) {
    writer.beginObject()
    for (key, value) in event.members where key != "room_id" || room == nil {
      writer.key(key)
      writer.value(value)
    }
    for (key, value) in event.members(of: "unsigned")
    where movedKeys.contains(key) && event[key] == nil {
      writer.key(key)
      writer.value(value)
    }
    if let room {
      writer.key("room_id")
      writer.string(room)
    }
    if let sender = event["sender"], event["user_id"] == nil {
      writer.key("user_id")
      writer.value(sender)
    }
    writer.endObject()
  }

  /// A list under a key.
  static func writeList(
    _ key: String, _ events: [JSONView], in room: String?, to writer: inout JSONWriter
  ) {
    writer.key(key)
    writer.beginArray()
    for event in events { write(event, in: room, to: &writer) }
    writer.endArray()
  }

  /// Whose presence it is stood in the content.
  static func writePresence(_ event: JSONView, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("content")
    writer.beginObject()
    for (key, value) in event.members(of: "content") {
      writer.key(key)
      writer.value(value)
    }
    if let sender = event["sender"] {
      writer.key("user_id")
      writer.value(sender)
    }
    writer.endObject()
    for key in ["sender", "type"] {
      guard let value = event[key] else { continue }
      writer.key(key)
      writer.value(value)
    }
    writer.endObject()
  }

  static func isOwnJoin(_ event: JSONView, of user: UserID) -> Bool {
    event["type"]?.string == "m.room.member" && event["state_key"]?.string == user.text
      && event["content"]?["membership"]?.string == "join"
  }

  static func isCreation(_ event: JSONView) -> Bool {
    event["type"]?.string == "m.room.create" && event["state_key"]?.string == ""
  }
}

// Reading an answer of /sync, where whatever is empty may be left out.
extension JSONView {
  func events(_ key: String) -> [JSONView] {
    self[key]?["events"].map { Array($0.elements) } ?? []
  }

  func members(of key: String) -> [(key: String, value: JSONView)] {
    self[key].map { Array($0.members) } ?? []
  }

  func rooms(_ kind: String) -> [(key: String, value: JSONView)] {
    self["rooms"]?.members(of: kind) ?? []
  }
}
