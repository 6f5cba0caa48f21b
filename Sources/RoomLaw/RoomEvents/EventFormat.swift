import MatrixIdentifiers
import MatrixJSON

/// Checks the form of an event that another server sent, and brings it to canonical form.
///
/// spec: server-server-api#checks-performed-on-receipt-of-a-pdu, check 1
func checkedCanonicalEvent(
  _ bytes: [UInt8], version: RoomVersion
) throws(EventError) -> JSONDocument {
  let canonical: JSONDocument
  do {
    let received = try JSONDocument(bytes, limits: .event)
    guard received.root.kind == .object else { throw EventError.malformed(key: "event") }
    canonical = try JSONDocument(canonicalJSON(received.root, dropping: ["unsigned"]))
  } catch let error as JSONError {
    throw .json(error)
  } catch {
    throw .malformed(key: "event")
  }
  let event = canonical.root
  // These versions compute the id; one inside the event would be hashed with it.
  guard event["event_id"] == nil else { throw .malformed(key: "event_id") }
  guard event["hashes"]?["sha256"]?.string != nil else { throw .malformed(key: "hashes") }
  try checkSignatures(event)
  try checkReferences(event, "prev_events", limit: EventLimits.previousEvents)
  try checkReferences(event, "auth_events", limit: EventLimits.authEvents)
  try checkSizes(event, byteCount: canonical.bytes.count)
  return canonical
}

/// spec: client-server-api#size-limits
func checkSizes(_ event: JSONView, byteCount: Int) throws(EventError) {
  guard byteCount <= EventLimits.eventBytes else { throw .tooLarge(key: nil) }
  for (key, limit) in [
    ("type", EventLimits.typeBytes), ("state_key", EventLimits.stateKeyBytes),
    ("sender", maximumIdentifierBytes), ("room_id", maximumIdentifierBytes),
  ] {
    guard event[key]?.string?.utf8.count ?? 0 <= limit else { throw .tooLarge(key: key) }
  }
}

private func checkSignatures(_ event: JSONView) throws(EventError) {
  guard let signatures = event["signatures"], signatures.kind == .object,
    signatures.members.allSatisfy({ _, keys in
      keys.kind == .object && keys.members.allSatisfy { $0.value.kind == .string }
    })
  else { throw .malformed(key: "signatures") }
}

private func checkReferences(
  _ event: JSONView, _ key: String, limit: Int
) throws(EventError) {
  guard let list = event[key], list.kind == .array,
    list.elements.allSatisfy({ $0.string.flatMap { EventID($0) } != nil })
  else { throw .malformed(key: key) }
  guard list.count <= limit else { throw .tooLarge(key: key) }
}
