import MatrixIdentifiers
import MatrixJSON
import Streams
import Sync

/// What /sync answers, as one list of events: the answer of the older /events.
/// spec: client-server-api#get_matrixclientv3events
struct EventStreamAnswer: Sendable {
  let user: UserID
  let from: SyncToken
  let invites: LegacyInvites

  func render(_ answer: [UInt8]) async throws -> [UInt8] {
    let root = try JSONDocument(answer).root
    let invited = try await invites.events(in: root, for: user)
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("chunk")
    writer.beginArray()
    for (room, told) in root.rooms("join") { writeJoined(told, in: room, to: &writer) }
    for (room, event) in invited { LegacyEvent.write(event, in: room, to: &writer) }
    for (room, told) in root.rooms("leave") { write(timeline(told), in: room, to: &writer) }
    for event in root.events("presence") { LegacyEvent.writePresence(event, to: &writer) }
    write(root.events("account_data"), in: nil, to: &writer)
    writer.endArray()
    writer.key("end")
    writer.string(end(root["next_batch"]?.string))
    writer.key("start")
    writer.string(from.text)
    writer.endObject()
    return writer.bytes
  }

  /// Of what is never told here nothing may be missed by a client that goes on with /sync.
  private func end(_ next: String?) -> String {
    guard var token = next.flatMap({ SyncToken($0) }) else { return from.text }
    for stream in [StreamName.toDevice, .deviceLists] { token[stream] = from[stream] }
    return token.text
  }

  private func writeJoined(_ told: JSONView, in room: String, to writer: inout JSONWriter) {
    let state = told.events("state")
    let events = timeline(told)
    if let join = events.lastIndex(where: { LegacyEvent.isOwnJoin($0, of: user) }),
      (state + events).contains(where: LegacyEvent.isCreation)
    {
      // The room is new to the client, which is told of it from its user's coming on; of a room
      // that the user has made, all.
      let isOwn = events.contains { event in
        LegacyEvent.isCreation(event) && event["sender"]?.string == user.text
      }
      write(isOwn ? events : Array(events[join...]), in: room, to: &writer)
    } else {
      write(state + events, in: room, to: &writer)
    }
    write(told.events("ephemeral"), in: room, to: &writer)
    write(told.events("account_data"), in: room, to: &writer)
  }

  private func timeline(_ told: JSONView) -> [JSONView] {
    told.events("timeline")
  }

  private func write(_ events: [JSONView], in room: String?, to writer: inout JSONWriter) {
    for event in events { LegacyEvent.write(event, in: room, to: &writer) }
  }
}
