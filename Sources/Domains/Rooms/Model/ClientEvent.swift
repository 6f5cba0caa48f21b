package import MatrixIdentifiers
package import MatrixJSON
import RoomEvents

/// Who reads an event, as far as its client form depends on it.
package struct EventReader: Sendable {
  package let userID: UserID
  package let deviceID: String?
  /// In the events' room; nil where it is not known.
  private var memberships: MembershipHistory?

  package init(userID: UserID, deviceID: String?) {
    self.userID = userID
    self.deviceID = deviceID
  }

  /// The same reader of events of a room.
  package func with(_ memberships: MembershipHistory?) -> EventReader {
    var reader = self
    reader.memberships = memberships
    return reader
  }

  fileprivate func membership(at stored: StoredEvent) -> String? {
    memberships?.membership(at: stored.streamOrdering)
  }
}

/// Writes events in the form that clients get.
/// spec: client-server-api#room-event-format
package enum ClientEvent {
  /// Appends the event as a JSON object.
  /// - Parameters:
  ///   - now: milliseconds since the epoch, for `unsigned.age`.
  ///   - includeRoomID: false inside /sync, where the room is known.
  ///   - bundles: what else belongs to the event.
  package static func write(
    _ stored: StoredEvent, to output: inout JSONWriter, reader: EventReader?, now: Int64,
    includeRoomID: Bool, form: EventForm = .client, bundles: EventBundles = .none
  ) {
    guard form == .client else {
      let whole = bytes(
        stored, reader: reader, now: now, includeRoomID: includeRoomID, bundles: bundles)
      return output.raw(form.bytes(of: stored, inClientForm: whole))
    }
    var bytes = stored.shared(sharedPart)
    bytes.reserveCapacity(
      bytes.count + stored.replaced.count + stored.unsigned.count + 192)
    if includeRoomID {
      bytes.append(contentsOf: Array(",\"room_id\":".utf8))
      bytes.append(contentsOf: quoted(stored.event.roomID.text))
    }
    bytes.append(contentsOf: Array(",\"unsigned\":{\"age\":".utf8))
    bytes.append(contentsOf: String(age(of: stored.event, now: now)).utf8)
    if let membership = reader?.membership(at: stored) {
      bytes.append(
        contentsOf: membership == Membership.join
          ? joined : Array(",\"membership\":\"\(membership)\"".utf8))
    }
    for members in [stored.replaced, stored.unsigned] where !members.isEmpty {
      bytes.append(UInt8(ascii: ","))
      bytes.append(contentsOf: members)
    }
    if let relations = bundles.relations(of: stored.event.eventID, reader: reader, now: now) {
      bytes.append(contentsOf: Array(",\"m.relations\":".utf8))
      bytes.append(contentsOf: relations)
    }
    if let transaction = stored.transaction, let reader, reader.userID == stored.event.sender,
      reader.deviceID == transaction.deviceID
    {
      bytes.append(contentsOf: Array(",\"transaction_id\":".utf8))
      bytes.append(contentsOf: quoted(transaction.transactionID))
    }
    if let delayID = stored.delayID, let reader, reader.userID == stored.event.sender {
      for name in delayNames {
        bytes.append(contentsOf: Array(",\"\(name)\":".utf8))
        bytes.append(contentsOf: quoted(delayID))
      }
    }
    bytes.append(contentsOf: [UInt8(ascii: "}"), UInt8(ascii: "}")])
    output.raw(bytes)
  }

  /// What most readers are at most events.
  private static let joined = Array(",\"membership\":\"\(Membership.join)\"".utf8)
  /// MSC4140's, and the one that clients know from before it was accepted.
  private static let delayNames = ["delay_id", "org.matrix.msc4140.delay_id"]

  /// The event as a JSON object of its own.
  package static func bytes(
    _ stored: StoredEvent, reader: EventReader?, now: Int64, includeRoomID: Bool = true,
    bundles: EventBundles = .none
  ) -> [UInt8] {
    var writer = JSONWriter()
    write(
      stored, to: &writer, reader: reader, now: now, includeRoomID: includeRoomID,
      bundles: bundles)
    return writer.bytes
  }

  /// The event as an invited user may see it: type, state key, sender and content.
  /// spec: client-server-api#stripped-state
  package static func writeStripped(_ stored: StoredEvent, to output: inout JSONWriter) {
    let event = stored.event
    output.beginObject()
    output.key("content")
    output.raw(event.content.rawBytes)
    output.key("sender")
    output.string(event.sender.text)
    output.key("state_key")
    output.string(event.stateKey ?? "")
    output.key("type")
    output.string(event.type)
    output.endObject()
  }

  /// Everything but `room_id` and `unsigned`, without the closing brace.
  private static func sharedPart(_ stored: StoredEvent) -> [UInt8] {
    let event = stored.event
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("content")
    writeContent(of: event, to: &writer)
    writer.key("event_id")
    writer.string(event.eventID.text)
    writer.key("origin_server_ts")
    writer.integer(event.originServerTimestamp)
    // Both places are filled, whichever the room version uses, for older clients.
    // spec: rooms/v11#moving-the-redacts-property-of-mroomredaction-events-to-a-content-property
    if event.type == "m.room.redaction", let target = event.redacts {
      writer.key("redacts")
      writer.string(target.text)
    }
    writer.key("sender")
    writer.string(event.sender.text)
    if let stateKey = event.stateKey {
      writer.key("state_key")
      writer.string(stateKey)
    }
    writer.key("type")
    writer.string(event.type)
    return writer.bytes
  }

  private static func writeContent(of event: Event, to writer: inout JSONWriter) {
    guard event.version.rules.redactsProperty == .topLevel, let target = event.redacts else {
      return writer.raw(event.content.rawBytes)
    }
    writer.beginObject()
    for (key, value) in event.content.members where key != "redacts" {
      writer.key(key)
      writer.value(value)
    }
    writer.key("redacts")
    writer.string(target.text)
    writer.endObject()
  }

  /// Milliseconds. Timestamps of other servers may be anything.
  private static func age(of event: Event, now: Int64) -> Int64 {
    max(0, now - max(0, event.originServerTimestamp))
  }

  private static func quoted(_ text: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.string(text)
    return writer.bytes
  }
}
