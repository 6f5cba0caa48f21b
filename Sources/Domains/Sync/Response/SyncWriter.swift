import MatrixIdentifiers
import MatrixJSON
import Rooms
import Streams

/// Writes the answer to a /sync as JSON.
/// spec: client-server-api#get_matrixclientv3sync
struct SyncWriter {
  private let reader: EventReader
  private let now: Int64

  init(request: SyncRequest, now: Int64) {
    reader = EventReader(userID: request.userID, deviceID: request.deviceID)
    self.now = now
  }

  func write(_ plan: Plan, next: VectorToken) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("device_one_time_keys_count")
    writer.raw(Self.emptyObject)
    writer.key("next_batch")
    writer.string(SyncToken(events: next).text)
    if !plan.isEmpty {
      writer.key("rooms")
      writer.beginObject()
      writeRooms("invite", plan.invited, to: &writer, writeInvited)
      writeRooms("join", plan.joined, to: &writer, writeJoined)
      writeRooms("leave", plan.left, to: &writer, writeLeft)
      writer.endObject()
    }
    writer.endObject()
    return writer.bytes
  }

  private static let emptyObject = Array("{}".utf8)
  private static let noEvents = Array("{\"events\":[]}".utf8)
  private static let noCounts = Array("{\"highlight_count\":0,\"notification_count\":0}".utf8)

  private func writeRooms<Room>(
    _ name: String, _ rooms: [(RoomID, Room)], to writer: inout JSONWriter,
    _ writeRoom: (Room, inout JSONWriter) -> Void
  ) {
    guard !rooms.isEmpty else { return }
    writer.key(name)
    writer.beginObject()
    for (id, room) in rooms {
      writer.key(id.text)
      writer.beginObject()
      writeRoom(room, &writer)
      writer.endObject()
    }
    writer.endObject()
  }

  private func writeJoined(_ room: JoinedRoom, to writer: inout JSONWriter) {
    writer.key("account_data")
    writer.raw(Self.noEvents)
    writer.key("ephemeral")
    writer.raw(Self.noEvents)
    writeSlice(room.slice, to: &writer)
    writer.key("summary")
    writer.beginObject()
    if let summary = room.summary { writeSummary(summary, to: &writer) }
    writer.endObject()
    writer.key("unread_notifications")
    writer.raw(Self.noCounts)
  }

  private func writeSummary(_ summary: RoomSummary, to writer: inout JSONWriter) {
    if let heroes = summary.heroes {
      writer.key("m.heroes")
      writer.beginArray()
      for hero in heroes { writer.string(hero) }
      writer.endArray()
    }
    writer.key("m.invited_member_count")
    writer.integer(Int64(summary.invitedCount))
    writer.key("m.joined_member_count")
    writer.integer(Int64(summary.joinedCount))
  }

  private func writeInvited(_ room: InvitedRoom, to writer: inout JSONWriter) {
    writer.key("invite_state")
    writer.beginObject()
    writer.key("events")
    writer.beginArray()
    for stored in room.state { ClientEvent.writeStripped(stored, to: &writer) }
    writer.endArray()
    writer.endObject()
  }

  private func writeLeft(_ slice: RoomSlice, to writer: inout JSONWriter) {
    writer.key("account_data")
    writer.raw(Self.noEvents)
    writeSlice(slice, to: &writer)
  }

  private func writeSlice(_ slice: RoomSlice, to writer: inout JSONWriter) {
    writer.key("state")
    writeEvents(slice.state, to: &writer)
    writer.key("timeline")
    writer.beginObject()
    writer.key("events")
    writeArray(slice.events, to: &writer)
    writer.key("limited")
    writer.bool(slice.isLimited)
    writer.key("prev_batch")
    writer.string(HistoryToken.position(slice.previousBatch).text)
    writer.endObject()
  }

  private func writeEvents(_ events: [StoredEvent], to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("events")
    writeArray(events, to: &writer)
    writer.endObject()
  }

  private func writeArray(_ events: [StoredEvent], to writer: inout JSONWriter) {
    writer.beginArray()
    for stored in events {
      ClientEvent.write(stored, to: &writer, reader: reader, now: now, includeRoomID: false)
    }
    writer.endArray()
  }
}
