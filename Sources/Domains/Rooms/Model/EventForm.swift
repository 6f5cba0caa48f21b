import MatrixJSON
import RoomEvents

/// The form in which a client wants events: `event_format` and `event_fields` of its filter.
/// spec: client-server-api#post_matrixclientv3useruseridfilter
package struct EventForm: Sendable, Hashable {
  package enum Format: String, Sendable {
    /// As the client-server API has events.
    case client
    /// As servers send them to each other, with the id and what clients are told besides.
    case federation
  }

  package var format = Format.client
  /// The properties that are told; nil for all of them.
  package var fields: EventFields?

  package init() {}

  /// The usual form, which an event is kept in.
  package static let client = EventForm()

  /// What is the same for all readers is found once and kept with the event; what is told to this
  /// one besides is taken from the usual form.
  /// - Parameter whole: the event as JSON in the usual form.
  func bytes(of stored: StoredEvent, inClientForm whole: [UInt8]) -> [UInt8] {
    guard let root = try? JSONDocument(whole).root else { return whole }
    var bytes = stored.shared(in: self) { shared($0, root) }
    var own = JSONWriter()
    own.beginObject()
    if let unsigned = root["unsigned"] { write("unsigned", unsigned, to: &own) }
    if format == .client, let room = root["room_id"] { write("room_id", room, to: &own) }
    own.endObject()
    // Each of the two parts may be without members.
    if bytes.count > 1, own.bytes.count > 2 { bytes.append(UInt8(ascii: ",")) }
    return bytes + own.bytes.dropFirst()
  }

  /// All members but those that are told to this reader only, without the closing brace.
  private func shared(_ stored: StoredEvent, _ client: JSONView) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    let source = format == .client ? client : stored.event.json
    for (key, value) in source.members where key != "unsigned" {
      if format == .client, key == "room_id" { continue }
      write(key, value, to: &writer)
    }
    if format == .federation, source["event_id"] == nil, let id = client["event_id"] {
      write("event_id", id, to: &writer)
    }
    return writer.bytes
  }

  private func write(_ key: String, _ value: JSONView, to writer: inout JSONWriter) {
    guard let fields, !Self.identity.contains(key) else {
      writer.key(key)
      return writer.value(value)
    }
    fields.write(key, value, evenIfEmpty: key == "content", to: &writer)
  }

  /// What makes an event one. It is told in any case, and so is that there is a content: clients
  /// take nothing for an event that lacks them.
  private static let identity: Set<String> = [
    "event_id", "origin_server_ts", "sender", "state_key", "type",
  ]
}
