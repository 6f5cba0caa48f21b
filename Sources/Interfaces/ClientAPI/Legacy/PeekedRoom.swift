import Executors
import MatrixIdentifiers
import MatrixJSON
import Rooms
import Sync

/// A room that everybody may read, as those who are not in it first see it.
struct PeekedRoom: Sendable {
  let read: ReadRoom
  let history: ReadHistory
  let clock: any WallClock

  /// - Parameter end: where the client is to go on.
  func body(
    of room: RoomID, for user: UserID, limit: Int, end: SyncToken
  ) async throws -> [UInt8] {
    let state = try await read.state(of: room, for: user)
    let page = try await history.page(
      of: room, for: user, from: .stream(end.events), to: nil, .backwards, limit: limit)
    var writer = JSONWriter()
    writer.beginObject()
    for key in ["account_data", "presence", "receipts"] {
      LegacyEvent.writeList(key, [], in: nil, to: &writer)
    }
    writer.key("messages")
    writer.beginObject()
    LegacyEvent.writeList("chunk", try views(page.events.reversed()), in: room.text, to: &writer)
    writer.key("end")
    writer.string(end.text)
    if let start = page.end {
      writer.key("start")
      writer.string(start.text)
    }
    writer.endObject()
    writer.key("room_id")
    writer.string(room.text)
    LegacyEvent.writeList("state", try views(state), in: room.text, to: &writer)
    writer.key("visibility")
    writer.string(InitialSyncAnswer.visibility)
    writer.endObject()
    return writer.bytes
  }

  private func views(_ events: [StoredEvent]) throws -> [JSONView] {
    let now = clock.now()
    return try events.map {
      try JSONDocument(ClientEvent.bytes($0, reader: nil, now: now)).root
    }
  }
}
