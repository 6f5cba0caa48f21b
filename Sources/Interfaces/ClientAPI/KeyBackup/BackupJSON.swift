import HTTPServing
import KeyBackup
import MatrixIdentifiers
import MatrixJSON

/// Backups and their keys as clients have them.
enum BackupJSON {
  static func bytes(_ backup: Backup) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("algorithm")
    writer.string(backup.algorithm)
    writer.key("auth_data")
    writer.raw(backup.authData)
    writer.key("count")
    writer.integer(backup.state.count)
    writer.key("etag")
    writer.string(backup.state.etag)
    writer.key("version")
    writer.string(backup.version.text)
    writer.endObject()
    return writer.bytes
  }

  /// - Parameter keys: those of one room together.
  static func bytes(_ keys: [BackedUpKey], of selection: BackupKeys.Selection) -> [UInt8] {
    var writer = JSONWriter()
    switch selection {
    case .all: writeRooms(keys, to: &writer)
    case .room: writeSessions(keys[...], to: &writer)
    case .session: for key in keys.prefix(1) { writeKey(key, to: &writer) }
    }
    return writer.bytes
  }

  /// The keys of a body that stores what is selected.
  static func keys(
    _ body: JSONView, in selection: BackupKeys.Selection
  ) throws(MatrixError) -> [BackedUpKey] {
    switch selection {
    case .all:
      var keys: [BackedUpKey] = []
      for (name, room) in try body.requiredObject("rooms").members {
        guard let roomID = RoomID(name) else {
          throw .invalidParam("rooms has a key that is not a valid room ID")
        }
        keys += try sessions(room, of: roomID)
      }
      return keys
    case .room(let room): return try sessions(body, of: room)
    case .session(let place): return [try key(body, at: place)]
    }
  }

  private static func sessions(
    _ room: JSONView, of roomID: RoomID
  ) throws(MatrixError) -> [BackedUpKey] {
    guard room.kind == .object else { throw .badJSON("rooms must hold an object for each room") }
    var keys: [BackedUpKey] = []
    for (name, session) in try room.requiredObject("sessions").members {
      guard session.kind == .object else {
        throw .badJSON("sessions must hold an object for each session")
      }
      keys.append(try key(session, at: KeyPlace(roomID: roomID, sessionID: name)))
    }
    return keys
  }

  private static func key(
    _ session: JSONView, at place: KeyPlace
  ) throws(MatrixError) -> BackedUpKey {
    guard let isVerified = try session.required("is_verified").bool else {
      throw .badJSON("is_verified must be true or false")
    }
    let (index, count) = (
      try session.requiredInteger("first_message_index"),
      try session.requiredInteger("forwarded_count")
    )
    guard index >= 0, count >= 0 else {
      throw .badJSON("first_message_index and forwarded_count must not be negative")
    }
    let data = try session.required("session_data")
    // What it holds is the client's own matter; older algorithms have a text there.
    guard data.kind == .object || data.kind == .string else {
      throw .badJSON("session_data must be an object")
    }
    return BackedUpKey(
      place: place,
      quality: KeyQuality(
        isVerified: isVerified, firstMessageIndex: index, forwardedCount: count),
      sessionData: Array(data.rawBytes))
  }

  private static func writeRooms(_ keys: [BackedUpKey], to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("rooms")
    writer.beginObject()
    var rest = keys[...]
    while let room = rest.first?.place.roomID {
      let own = rest.prefix { $0.place.roomID == room }
      writer.key(room.text)
      writeSessions(own, to: &writer)
      rest = rest[own.endIndex...]
    }
    writer.endObject()
    writer.endObject()
  }

  private static func writeSessions(
    _ keys: ArraySlice<BackedUpKey>, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.key("sessions")
    writer.beginObject()
    for key in keys {
      writer.key(key.place.sessionID)
      writeKey(key, to: &writer)
    }
    writer.endObject()
    writer.endObject()
  }

  private static func writeKey(_ key: BackedUpKey, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("first_message_index")
    writer.integer(key.quality.firstMessageIndex)
    writer.key("forwarded_count")
    writer.integer(key.quality.forwardedCount)
    writer.key("is_verified")
    writer.bool(key.quality.isVerified)
    writer.key("session_data")
    writer.raw(key.sessionData)
    writer.endObject()
  }
}
