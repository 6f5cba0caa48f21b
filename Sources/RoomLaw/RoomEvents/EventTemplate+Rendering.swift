import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON

extension EventTemplate {
  struct Signature {
    let server: ServerName
    let keyID: String
    let text: String
  }

  /// What an event has besides the template, as far as it is known at a stage of building.
  struct Parts {
    /// Canonical.
    var content: ArraySlice<UInt8>
    var statedID: EventID?
    /// The content hash in base64.
    var hash: String?
    var signature: Signature?
    /// False for the redacted form of versions that take it away.
    var hasRedacts = true

    init(content: ArraySlice<UInt8>) {
      self.content = content
    }
  }

  /// The event as canonical JSON: the keys are written in order.
  func render(_ parts: Parts) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    write(authEvents, as: "auth_events", to: &writer)
    writer.key("content")
    writer.raw(parts.content)
    writer.key("depth")
    writer.integer(min(depth, version.rules.maximumDepth))
    if let id = parts.statedID { write(id.text, as: "event_id", to: &writer) }
    if let hash = parts.hash {
      writer.key("hashes")
      writeHash(hash, to: &writer)
    }
    writer.key("origin_server_ts")
    writer.integer(originServerTimestamp)
    write(prevEvents, as: "prev_events", to: &writer)
    if parts.hasRedacts, let redacts, version.rules.redactsProperty == .topLevel {
      write(redacts.text, as: "redacts", to: &writer)
    }
    if let roomID { write(roomID.text, as: "room_id", to: &writer) }
    write(sender.text, as: "sender", to: &writer)
    if let signature = parts.signature { write(signature, to: &writer) }
    if let stateKey { write(stateKey, as: "state_key", to: &writer) }
    write(type, as: "type", to: &writer)
    writer.endObject()
    return writer.bytes
  }

  private func write(_ text: String, as key: String, to writer: inout JSONWriter) {
    writer.key(key)
    writer.string(text)
  }

  private func write(_ ids: [EventID], as key: String, to writer: inout JSONWriter) {
    writer.key(key)
    writer.beginArray()
    for id in ids {
      if version.rules.referencesCarryHashes {
        writer.beginArray()
        writer.string(id.text)
        writeHash(UnpaddedBase64.encode(referenceHashes[id] ?? []), to: &writer)
        writer.endArray()
      } else {
        writer.string(id.text)
      }
    }
    writer.endArray()
  }

  private func writeHash(_ hash: String, to writer: inout JSONWriter) {
    writer.beginObject()
    write(hash, as: "sha256", to: &writer)
    writer.endObject()
  }

  private func write(_ signature: Signature, to writer: inout JSONWriter) {
    writer.key("signatures")
    writer.beginObject()
    writer.key(signature.server.text)
    writer.beginObject()
    write(signature.text, as: signature.keyID, to: &writer)
    writer.endObject()
    writer.endObject()
  }
}
