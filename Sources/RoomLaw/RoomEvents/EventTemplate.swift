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
  /// - Throws: `EventError` when the content has no canonical form or a limit is passed.
  package func build(serverName: ServerName, key: SigningKey) throws(EventError) -> Event {
    try checkFields()
    let content = try canonicalContent()
    let contentHash = UnpaddedBase64.encode(
      SHA256.hash(render(content: content.rawBytes, withRedacts: true)))

    let rules = version.rules.redaction
    var redactedContent = JSONWriter()
    writeRedacted(content: content, rules.contentRule(for: type), to: &redactedContent)
    let signingBytes = render(
      content: redactedContent.bytes[...], hash: contentHash,
      withRedacts: rules.topLevelKeys.contains("redacts"))
    let signature = Signature(
      server: serverName, keyID: key.keyID,
      text: UnpaddedBase64.encode(key.sign(signingBytes)))

    let bytes = render(
      content: content.rawBytes, hash: contentHash, signature: signature, withRedacts: true)
    guard bytes.count <= EventLimits.eventBytes else { throw .tooLarge(key: nil) }
    return try Event(
      bytes: bytes, version: version,
      eventID: EventHashes.eventID(signingBytes: signingBytes))
  }

  private struct Signature {
    let server: ServerName
    let keyID: String
    let text: String
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
  }

  private func canonicalContent() throws(EventError) -> JSONView {
    do {
      let given = try JSONDocument(content, limits: Self.contentLimits).root
      guard given.kind == .object else { throw EventError.malformed(key: "content") }
      return try JSONDocument(canonicalJSON(withRedacts(given))).root
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

  /// The event as canonical JSON: the keys are written in order.
  private func render(
    content: ArraySlice<UInt8>, hash: String? = nil, signature: Signature? = nil,
    withRedacts: Bool
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    write(authEvents, as: "auth_events", to: &writer)
    writer.key("content")
    writer.raw(content)
    writer.key("depth")
    writer.integer(min(depth, EventLimits.depth))
    if let hash {
      writer.key("hashes")
      writer.beginObject()
      writer.key("sha256")
      writer.string(hash)
      writer.endObject()
    }
    writer.key("origin_server_ts")
    writer.integer(originServerTimestamp)
    write(prevEvents, as: "prev_events", to: &writer)
    if withRedacts, let redacts, version.rules.redactsProperty == .topLevel {
      writer.key("redacts")
      writer.string(redacts.text)
    }
    if let roomID {
      writer.key("room_id")
      writer.string(roomID.text)
    }
    writer.key("sender")
    writer.string(sender.text)
    if let signature { write(signature, to: &writer) }
    if let stateKey {
      writer.key("state_key")
      writer.string(stateKey)
    }
    writer.key("type")
    writer.string(type)
    writer.endObject()
    return writer.bytes
  }

  private func write(_ ids: [EventID], as key: String, to writer: inout JSONWriter) {
    writer.key(key)
    writer.beginArray()
    for id in ids { writer.string(id.text) }
    writer.endArray()
  }

  private func write(_ signature: Signature, to writer: inout JSONWriter) {
    writer.key("signatures")
    writer.beginObject()
    writer.key(signature.server.text)
    writer.beginObject()
    writer.key(signature.keyID)
    writer.string(signature.text)
    writer.endObject()
    writer.endObject()
  }
}
