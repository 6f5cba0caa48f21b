package import MatrixJSON

/// The event without what a redaction takes away: canonical, with hashes and signatures.
///
/// spec: server-server-api#redactions, and the room version's own list of keys
package func redactedBytes(of event: Event) -> [UInt8] {
  redacted(event.json, version: event.version, withSignatures: true)
}

/// What a redaction leaves of the content of an event of this type; the content is canonical.
package func redactedContent(
  _ content: JSONView, type: String, version: RoomVersion
) -> [UInt8] {
  var writer = JSONWriter(capacity: content.rawBytes.count)
  writeRedacted(content: content, version.rules.redaction.contentRule(for: type), to: &writer)
  return writer.bytes
}

/// Copies the surviving parts of an event in canonical form; as its keys are in order and its
/// values canonical, so is the copy.
func redacted(_ event: JSONView, version: RoomVersion, withSignatures: Bool) -> [UInt8] {
  let rules = version.rules.redaction
  let contentRule = rules.contentRule(for: event["type"]?.string ?? "")
  var writer = JSONWriter(capacity: event.rawBytes.count)
  writer.beginObject()
  for (key, value) in event.keyedViews {
    guard let name = key.string, rules.topLevelKeys.contains(name) else { continue }
    if name == "signatures", !withSignatures { continue }
    writer.key(key)
    if name == "content" {
      writeRedacted(content: value, contentRule, to: &writer)
    } else {
      writer.value(value)
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
    writer.value(content)
  case .keys(let keys):
    writer.beginObject()
    for (key, value) in content.keyedViews {
      guard let name = key.string, keys.contains(name) else { continue }
      writer.key(key)
      writer.value(value)
    }
    writer.endObject()
  case .keysAndMember(let keys, let partial, let member):
    writer.beginObject()
    for (key, value) in content.keyedViews {
      guard let name = key.string else { continue }
      if keys.contains(name) {
        writer.key(key)
        writer.value(value)
      } else if name == partial, value.kind == .object {
        // An object without that member stays behind empty, as other servers have it.
        writer.key(key)
        writeRedacted(content: value, .keys([member]), to: &writer)
      }
    }
    writer.endObject()
  }
}
