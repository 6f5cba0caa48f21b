import MatrixIdentifiers
import MatrixJSON
import Rooms
import Streams

/// Writes the answer to a /sync as JSON.
/// spec: client-server-api#get_matrixclientv3sync
struct SyncWriter {
  private let reader: EventReader
  private let now: Int64
  /// Whether the client counts threads by themselves.
  private let threadsApart: Bool
  private let form: EventForm
  private let bundles: EventBundles
  /// The key of the state, without or with that of the timeline.
  private let stateKey: String

  init(request: SyncRequest, now: Int64, bundles: EventBundles = .none) {
    self.bundles = bundles
    threadsApart = request.filter.countsThreadsApart
    form = request.filter.form
    stateKey =
      switch request.stateForm {
      case .beforeTimeline: "state"
      case .afterTimeline: "state_after"
      case .afterTimelineUnstable: "org.matrix.msc4222.state_after"
      }
    reader = EventReader(userID: request.userID, deviceID: request.deviceID)
    self.now = now
  }

  func write(_ answer: SyncAnswer, next: SyncToken) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writeEvents("account_data", answer.news.accountData, to: &writer)
    writeDeviceLists(answer.news, to: &writer)
    writeKeyCounts(answer.keys, to: &writer)
    writer.key("next_batch")
    writer.string(next.text)
    writeEvents("presence", answer.news.presence, to: &writer)
    let joined = answer.joinedRooms
    if !answer.plan.isEmpty || !joined.isEmpty {
      writer.key("rooms")
      writer.beginObject()
      writeRooms("invite", answer.plan.invited, to: &writer) {
        writeStripped("invite_state", $0, to: &$1)
      }
      writeJoined(joined, answer, next: next, to: &writer)
      writeRooms("knock", answer.plan.knocked, to: &writer) {
        writeStripped("knock_state", $0, to: &$1)
      }
      writeRooms("leave", answer.plan.left, to: &writer, writeLeft)
      writer.endObject()
    }
    writeEvents("to_device", answer.news.toDevice, to: &writer)
    writer.endObject()
    return writer.bytes
  }

  private static let noEvents = Array("{\"events\":[]}".utf8)

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

  private func writeJoined(
    _ rooms: [RoomID], _ answer: SyncAnswer, next: SyncToken, to writer: inout JSONWriter
  ) {
    guard !rooms.isEmpty else { return }
    writer.key("join")
    writer.beginObject()
    let nothing = RoomSlice(
      events: [], isLimited: false, state: [], previousBatch: next.events.maximum)
    for (index, room) in rooms.enumerated() {
      let told = index < answer.plan.joined.count ? answer.plan.joined[index].1 : nil
      let news = answer.news.rooms[room] ?? SyncNews.Room()
      writer.key(room.text)
      writer.beginObject()
      writeList("account_data", news.accountData, to: &writer)
      writeList("ephemeral", news.ephemeral, to: &writer)
      writeSlice(told?.slice ?? nothing, to: &writer)
      writer.key("summary")
      writer.beginObject()
      if let summary = told?.summary { writeSummary(summary, to: &writer) }
      writer.endObject()
      writeUnread(answer.unread[room] ?? UnreadCounts(), to: &writer)
      writer.endObject()
    }
    writer.endObject()
  }

  private func writeUnread(_ unread: UnreadCounts, to writer: inout JSONWriter) {
    var main = unread.main
    if !threadsApart {
      for count in unread.threads.values {
        main.notifications += count.notifications
        main.highlights += count.highlights
      }
    }
    writer.key("unread_notifications")
    writeCount(main, to: &writer)
    guard threadsApart, !unread.threads.isEmpty else { return }
    writer.key("unread_thread_notifications")
    writer.beginObject()
    for (root, count) in unread.threads.sorted(by: { $0.key < $1.key }) {
      writer.key(root)
      writeCount(count, to: &writer)
    }
    writer.endObject()
  }

  private func writeCount(_ count: UnreadCounts.Count, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("highlight_count")
    writer.integer(count.highlights)
    writer.key("notification_count")
    writer.integer(count.notifications)
    writer.endObject()
  }

  private func writeDeviceLists(_ news: SyncNews, to writer: inout JSONWriter) {
    guard !news.changedDevices.isEmpty || !news.leftDevices.isEmpty else { return }
    writer.key("device_lists")
    writer.beginObject()
    writeStrings("changed", news.changedDevices.map(\.text), to: &writer)
    writeStrings("left", news.leftDevices.map(\.text), to: &writer)
    writer.endObject()
  }

  private func writeKeyCounts(_ counts: KeyCounts, to writer: inout JSONWriter) {
    writer.key("device_one_time_keys_count")
    writer.beginObject()
    for (algorithm, count) in counts.oneTimeKeys.sorted(by: { $0.key < $1.key }) {
      writer.key(algorithm)
      writer.integer(count)
    }
    writer.endObject()
    writeStrings("device_unused_fallback_key_types", counts.unusedFallbackTypes, to: &writer)
  }

  private func writeStrings(_ key: String, _ strings: [String], to writer: inout JSONWriter) {
    writer.key(key)
    writer.beginArray()
    for string in strings { writer.string(string) }
    writer.endArray()
  }

  /// A list of events under a key, left out when there is none.
  private func writeEvents(_ key: String, _ events: [[UInt8]], to writer: inout JSONWriter) {
    if !events.isEmpty { writeList(key, events, to: &writer) }
  }

  private func writeList(_ key: String, _ events: [[UInt8]], to writer: inout JSONWriter) {
    writer.key(key)
    guard !events.isEmpty else { return writer.raw(Self.noEvents) }
    writer.beginObject()
    writer.key("events")
    writer.beginArray()
    for event in events { writer.raw(event) }
    writer.endArray()
    writer.endObject()
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

  private func writeStripped(_ key: String, _ room: StrippedRoom, to writer: inout JSONWriter) {
    writer.key(key)
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
    writer.key(stateKey)
    writeEvents(slice.state, to: &writer)
    writer.key("timeline")
    writer.beginObject()
    writer.key("events")
    writeArray(slice.events, bundles, slice.memberships, to: &writer)
    writer.key("limited")
    writer.bool(slice.isLimited)
    writer.key("prev_batch")
    writer.string(HistoryToken.position(slice.previousBatch).text)
    writer.endObject()
  }

  private func writeEvents(_ events: [StoredEvent], to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("events")
    writeArray(events, .none, nil, to: &writer)
    writer.endObject()
  }

  private func writeArray(
    _ events: [StoredEvent], _ bundles: EventBundles, _ memberships: MembershipHistory?,
    to writer: inout JSONWriter
  ) {
    let reader = reader.with(memberships)
    writer.beginArray()
    for stored in events {
      ClientEvent.write(
        stored, to: &writer, reader: reader, now: now, includeRoomID: false, form: form,
        bundles: bundles)
    }
    writer.endArray()
  }
}
