import MatrixJSON

/// The event without what a redaction takes away: canonical, with hashes and signatures.
///
/// spec: server-server-api#redactions, and the room version's own list of keys
package func redactedBytes(of event: Event) -> [UInt8] {
  redacted(event.json, version: event.version, withSignatures: true)
}

/// Copies the surviving parts of an event in canonical form; as its keys are in order and its
/// values canonical, so is the copy.
func redacted(_ event: JSONView, version: RoomVersion, withSignatures: Bool) -> [UInt8] {
  let rules = version.rules.redaction
  let contentRule = rules.contentRule(for: event["type"]?.string ?? "")
  var writer = JSONWriter()
  writer.beginObject()
  for (key, value) in event.members where rules.topLevelKeys.contains(key) {
    if key == "signatures", !withSignatures { continue }
    writer.key(key)
    if key == "content" {
      writeRedacted(content: value, contentRule, to: &writer)
    } else {
      writer.raw(value.rawBytes)
    }
  }
  writer.endObject()
  return writer.bytes
}

func writeRedacted(
  content: JSONView, _ rule: RedactionRules.ContentRule, to writer: inout JSONWriter
) {
  switch rule {
  case .everything:
    writer.raw(content.rawBytes)
  case .keys(let keys):
    writer.beginObject()
    for (key, value) in content.members where keys.contains(key) {
      writer.key(key)
      writer.raw(value.rawBytes)
    }
    writer.endObject()
  case .keysAndMember(let keys, let partial, let member):
    writer.beginObject()
    for (key, value) in content.members {
      if keys.contains(key) {
        writer.key(key)
        writer.raw(value.rawBytes)
      } else if key == partial, value.kind == .object {
        // An object without that member stays behind empty, as other servers have it.
        writer.key(key)
        writeRedacted(content: value, .keys([member]), to: &writer)
      }
    }
    writer.endObject()
  }
}
