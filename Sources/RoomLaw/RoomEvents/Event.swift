package import MatrixIdentifiers
package import MatrixJSON

/// A PDU of a room: its canonical JSON, parsed once, and the fields that every use needs.
///
/// Copies share one object. Nothing of an event ever changes; what is added for clients
/// (`unsigned`) is not part of it.
package struct Event: Sendable {
  private final class Storage: Sendable {
    let version: RoomVersion
    let eventID: EventID
    let header: EventHeader
    let document: JSONDocument
    let content: JSONView

    init(
      version: RoomVersion, eventID: EventID, header: EventHeader, document: JSONDocument,
      content: JSONView
    ) {
      self.version = version
      self.eventID = eventID
      self.header = header
      self.document = document
      self.content = content
    }
  }

  private let storage: Storage

  /// Reads an event.
  ///
  /// - Parameters:
  ///   - bytes: JSON. With an `eventID`, exactly what `bytes` of an earlier `Event` gave.
  ///   - eventID: nil for an event of another server: its form is then checked, it is brought to
  ///     canonical form without `unsigned`, and its id is read or computed. Signatures, content
  ///     hash and authority are not checked here.
  package init(
    bytes: [UInt8], version: RoomVersion, eventID: EventID? = nil
  ) throws(EventError) {
    if let eventID {
      try self.init(trusted: bytes, version: version, eventID: eventID)
    } else {
      let canonical = try checkedCanonicalEvent(bytes, version: version)
      let id = try EventHashes.eventID(of: canonical.root, version: version)
      try self.init(canonical, version: version, eventID: id)
    }
  }

  private init(
    trusted bytes: [UInt8], version: RoomVersion, eventID: EventID
  ) throws(EventError) {
    let document: JSONDocument
    do { document = try JSONDocument(bytes) } catch { throw .json(error) }
    try self.init(document, version: version, eventID: eventID)
  }

  private init(
    _ document: JSONDocument, version: RoomVersion, eventID: EventID
  ) throws(EventError) {
    let root = document.root
    guard let content = root["content"], content.kind == .object else {
      throw .malformed(key: "content")
    }
    storage = Storage(
      version: version, eventID: eventID,
      header: try EventHeader(root, version: version, eventID: eventID),
      document: document, content: content)
  }

  package var version: RoomVersion { storage.version }
  package var eventID: EventID { storage.eventID }
  package var roomID: RoomID { storage.header.roomID }
  package var sender: UserID { storage.header.sender }
  package var type: String { storage.header.type }
  /// Nil for an event that is not state.
  package var stateKey: String? { storage.header.stateKey }
  package var depth: Int64 { storage.header.depth }
  /// Milliseconds since 1970, by the sender's server.
  package var originServerTimestamp: Int64 { storage.header.originServerTimestamp }
  package var content: JSONView { storage.content }
  package var json: JSONView { storage.document.root }
  /// Canonical JSON with hashes and signatures, without `unsigned`; `event_id` is in it only where
  /// the event states its id.
  package var bytes: [UInt8] { storage.document.bytes }
}

extension Event {
  package var prevEvents: [EventID] { eventIDs("prev_events") }
  package var authEvents: [EventID] { eventIDs("auth_events") }

  /// The event that this redaction is about; nil for other types.
  package var redacts: EventID? {
    guard type == EventType.redaction else { return nil }
    let place = version.rules.redactsProperty == .content ? content : json
    return place["redacts"]?.string.flatMap { EventID($0) }
  }

  /// The membership that this `m.room.member` event sets; nil for other types.
  package var membership: String? {
    type == EventType.member ? content["membership"]?.string : nil
  }

  /// False for a message that says nothing to clients: they are not told that it is there.
  package var isTold: Bool {
    stateKey != nil || type != EventType.dummy
  }

  package var stateTuple: StateTuple? {
    stateKey.map { StateTuple(type, $0) }
  }

  package func isState(_ type: String, _ stateKey: String = "") -> Bool {
    stateTuple == StateTuple(type, stateKey)
  }

  private func eventIDs(_ key: String) -> [EventID] {
    let hasHashes = version.rules.referencesCarryHashes
    return json[key]?.elements.compactMap { reference in
      (hasHashes ? reference[0] : reference)?.string.flatMap { EventID($0) }
    } ?? []
  }
}
