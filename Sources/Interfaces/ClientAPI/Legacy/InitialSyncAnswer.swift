import MatrixIdentifiers
import MatrixJSON

/// What a first /sync answers, in the form of the older endpoints.
/// spec: client-server-api#get_matrixclientv3initialsync
/// spec: client-server-api#get_matrixclientv3roomsroomidinitialsync
struct InitialSyncAnswer: Sendable {
  let user: UserID
  let invites: LegacyInvites

  /// Of all rooms.
  func render(_ answer: [UInt8]) async throws -> [UInt8] {
    let root = try JSONDocument(answer).root
    let end = root["next_batch"]?.string ?? ""
    let invited = try await invites.events(in: root, for: user)
    var writer = JSONWriter()
    writer.beginObject()
    LegacyEvent.writeList("account_data", root.events("account_data"), in: nil, to: &writer)
    writer.key("end")
    writer.string(end)
    writePresence(root, to: &writer)
    writer.key("receipts")
    writer.beginArray()
    for (room, told) in root.rooms("join") {
      for event in receipts(told) { LegacyEvent.write(event, in: room, to: &writer) }
    }
    writer.endArray()
    writer.key("rooms")
    writer.beginArray()
    for (room, told) in root.rooms("join") {
      writer.beginObject()
      writeRoom(told, room, Self.joined, end: end, to: &writer)
      writer.endObject()
    }
    for (room, event) in invited { writeInvited(event, room, to: &writer) }
    for (room, told) in root.rooms("leave") {
      writer.beginObject()
      writeRoom(told, room, membership(in: told), end: end, to: &writer)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  /// Of one room; nil when the answer does not tell of it.
  func render(_ answer: [UInt8], room: RoomID) throws -> [UInt8]? {
    let root = try JSONDocument(answer).root
    let joined = root.rooms("join").first { $0.key == room.text }?.value
    guard let told = joined ?? root.rooms("leave").first(where: { $0.key == room.text })?.value
    else { return nil }
    var writer = JSONWriter()
    writer.beginObject()
    writePresence(root, to: &writer)
    LegacyEvent.writeList("receipts", receipts(told), in: room.text, to: &writer)
    writeRoom(
      told, room.text, joined == nil ? membership(in: told) : Self.joined,
      end: root["next_batch"]?.string ?? "", to: &writer)
    writer.endObject()
    return writer.bytes
  }

  private static let joined = "join"

  private func writeRoom(
    _ told: JSONView, _ room: String, _ membership: String, end: String,
    to writer: inout JSONWriter
  ) {
    let timeline = told["timeline"]
    LegacyEvent.writeList("account_data", told.events("account_data"), in: nil, to: &writer)
    writer.key("membership")
    writer.string(membership)
    writer.key("messages")
    writer.beginObject()
    LegacyEvent.writeList("chunk", told.events("timeline"), in: room, to: &writer)
    writer.key("end")
    writer.string(end)
    if let start = timeline?["prev_batch"] {
      writer.key("start")
      writer.value(start)
    }
    writer.endObject()
    writer.key("room_id")
    writer.string(room)
    LegacyEvent.writeList("state", currentState(told), in: room, to: &writer)
    writer.key("visibility")
    writer.string(Self.visibility)
  }

  /// Rooms are in no public directory yet.
  static let visibility = "private"

  /// The state before the timeline with what the timeline has changed.
  private func currentState(_ told: JSONView) -> [JSONView] {
    var places: [[String]: Int] = [:]
    var state: [JSONView] = []
    for event in told.events("state") + told.events("timeline") {
      guard let type = event["type"]?.string, let key = event["state_key"]?.string else {
        continue
      }
      if let place = places[[type, key]] {
        state[place] = event
      } else {
        places[[type, key]] = state.count
        state.append(event)
      }
    }
    return state
  }

  /// Of a room that the user is not in any more.
  private func membership(in told: JSONView) -> String {
    let own = currentState(told).first { event in
      event["type"]?.string == "m.room.member" && event["state_key"]?.string == user.text
    }
    return own?["content"]?["membership"]?.string ?? "leave"
  }

  private func writeInvited(_ event: JSONView, _ room: String, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("invite")
    LegacyEvent.write(event, in: room, to: &writer)
    if let inviter = event["sender"] {
      writer.key("inviter")
      writer.value(inviter)
    }
    writer.key("membership")
    writer.string("invite")
    writer.key("room_id")
    writer.string(room)
    writer.key("visibility")
    writer.string(Self.visibility)
    writer.endObject()
  }

  private func writePresence(_ root: JSONView, to writer: inout JSONWriter) {
    writer.key("presence")
    writer.beginArray()
    for event in root.events("presence") { LegacyEvent.writePresence(event, to: &writer) }
    writer.endArray()
  }

  private func receipts(_ told: JSONView) -> [JSONView] {
    told.events("ephemeral").filter { $0["type"]?.string == "m.receipt" }
  }
}
