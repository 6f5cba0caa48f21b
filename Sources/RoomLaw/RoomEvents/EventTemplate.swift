package import MatrixCrypto
package import MatrixIdentifiers
import MatrixJSON

/// All that is said in an event of this server before it is hashed and signed.
package struct EventTemplate: Sendable {
  package var version: RoomVersion
  /// Left out for the create event of a version whose room ids are hashes.
  package var roomID: RoomID?
  package var sender: UserID
  package var type: String
  package var stateKey: String?
  /// A JSON object. Brought to canonical form when the event is built.
  package var content: [UInt8]
  package var prevEvents: [EventID]
  package var authEvents: [EventID]
  package var depth: Int64
  /// Milliseconds since 1970.
  package var originServerTimestamp: Int64
  /// Written where the room version has it: at the top level or into the content.
  package var redacts: EventID?
  /// Of all `prevEvents` and `authEvents`, where references carry hashes; not used elsewhere.
  package var referenceHashes: [EventID: [UInt8]] = [:]

  package init(
    version: RoomVersion, roomID: RoomID?, sender: UserID, type: String, stateKey: String? = nil,
    content: [UInt8], prevEvents: [EventID], authEvents: [EventID], depth: Int64,
    originServerTimestamp: Int64, redacts: EventID? = nil
  ) {
    self.version = version
    self.roomID = roomID
    self.sender = sender
    self.type = type
    self.stateKey = stateKey
    self.content = content
    self.prevEvents = prevEvents
    self.authEvents = authEvents
    self.depth = depth
    self.originServerTimestamp = originServerTimestamp
    self.redacts = redacts
  }

  /// Hashes and signs.
  ///
  /// spec: server-server-api#adding-hashes-and-signatures-to-outgoing-events
  ///
  /// - Throws: `EventError` when the content has no canonical form, a limit is passed or a
  ///   reference hash is missing.
  package func build(serverName: ServerName, key: SigningKey) throws(EventError) -> Event {
    try checkFields()
    let content = try canonicalContent()
    var parts = Parts(content: content.rawBytes)
    if version.rules.eventIDs == .stated {
      parts.statedID = try newID(hash: SHA256.hash(render(parts)), serverName)
    }
    parts.hash = UnpaddedBase64.encode(SHA256.hash(render(parts)))

    let rules = version.rules.redaction
    var redactedContent = JSONWriter()
    writeRedacted(content: content, rules.contentRule(for: type), to: &redactedContent)
    var redacted = parts
    redacted.content = redactedContent.bytes[...]
    redacted.hasRedacts = rules.topLevelKeys.contains("redacts")
    let signingBytes = render(redacted)
    parts.signature = Signature(
      server: serverName, keyID: key.keyID,
      text: UnpaddedBase64.encode(key.sign(signingBytes)))

    let bytes = render(parts)
    guard bytes.count <= EventLimits.eventBytes else { throw .tooLarge(key: nil) }
    let id =
      switch parts.statedID {
      case let stated?: stated
      case nil: try EventHashes.eventID(hash: SHA256.hash(signingBytes), version: version)
      }
    return try Event(bytes: bytes, version: version, eventID: id)
  }

  /// Bytes of a hash in the ids that are chosen: with the longest server name they keep the limit.
  private static let newIDBytes = 16

  /// An id like a random one, but made of what is in the event, so that building has one outcome.
  ///
  /// spec: rooms/v1#event-ids
  private func newID(hash: [UInt8], _ server: ServerName) throws(EventError) -> EventID {
    let opaque = UnpaddedBase64.encodeURLSafe(hash.prefix(Self.newIDBytes))
    guard let id = EventID("$\(opaque):\(server.text)") else { throw .malformed(key: "event_id") }
    return id
  }

  private func checkFields() throws(EventError) {
    guard type.utf8.count <= EventLimits.typeBytes else { throw .tooLarge(key: "type") }
    guard stateKey?.utf8.count ?? 0 <= EventLimits.stateKeyBytes else {
      throw .tooLarge(key: "state_key")
    }
    guard prevEvents.count <= EventLimits.previousEvents else {
      throw .tooLarge(key: "prev_events")
    }
    guard authEvents.count <= EventLimits.authEvents else { throw .tooLarge(key: "auth_events") }
    let needsNoRoomID = version.rules.roomIDIsCreateHash && type == EventType.create
    guard (roomID == nil) == needsNoRoomID else { throw .malformed(key: "room_id") }
    guard version.rules.referencesCarryHashes else { return }
    for (key, ids) in [("prev_events", prevEvents), ("auth_events", authEvents)] {
      guard ids.allSatisfy({ referenceHashes[$0] != nil }) else { throw .malformed(key: key) }
    }
  }

  private func canonicalContent() throws(EventError) -> JSONView {
    do {
      let given = try JSONDocument(content, limits: Self.contentLimits).root
      guard given.kind == .object else { throw EventError.malformed(key: "content") }
      return try JSONDocument(
        canonicalJSON(withRedacts(given), numbers: version.rules.canonicalNumbers)
      ).root
    } catch let error as JSONError {
      throw .json(error)
    } catch {
      throw .malformed(key: "content")
    }
  }

  /// The content stands one level inside the event.
  private static let contentLimits = JSONLimits(
    maximumBytes: JSONLimits.event.maximumBytes,
    maximumDepth: JSONLimits.event.maximumDepth - 1, rejectsRepeatedKeys: true)

  private func withRedacts(_ content: JSONView) throws(JSONError) -> JSONView {
    guard let redacts, version.rules.redactsProperty == .content else { return content }
    var writer = JSONWriter()
    writer.beginObject()
    for (key, value) in content.members where key != "redacts" {
      writer.key(key)
      writer.value(value)
    }
    writer.key("redacts")
    writer.string(redacts.text)
    writer.endObject()
    return try JSONDocument(writer.bytes).root
  }
}
