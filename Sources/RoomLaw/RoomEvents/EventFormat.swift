import MatrixIdentifiers
import MatrixJSON

/// Checks the form of an event that another server sent, and brings it to canonical form.
///
/// spec: server-server-api#checks-performed-on-receipt-of-a-pdu, check 1; for the JSON also
/// rooms/v1#canonical-json and rooms/v6#canonical-json
func checkedCanonicalEvent(
  _ bytes: [UInt8], version: RoomVersion
) throws(EventError) -> JSONDocument {
  let canonical: JSONDocument
  do {
    let received = try JSONDocument(bytes, limits: version.rules.jsonLimits)
    guard received.root.kind == .object else { throw EventError.malformed(key: "event") }
    let text = try canonicalJSON(
      received.root, dropping: ["unsigned"], numbers: version.rules.canonicalNumbers)
    // What was canonical keeps its length only if nothing was left out.
    let isUnchanged = received.root.isCanonical && text.count == bytes.count
    canonical = isUnchanged ? received : try JSONDocument(text)
  } catch let error as JSONError {
    throw .json(error)
  } catch {
    throw .malformed(key: "event")
  }
  let event = canonical.root
  try checkID(event, version.rules)
  guard event["hashes"]?["sha256"]?.string != nil else { throw .malformed(key: "hashes") }
  try checkSignatures(event)
  try checkReferences(event, "prev_events", version.rules, limit: EventLimits.previousEvents)
  try checkReferences(event, "auth_events", version.rules, limit: EventLimits.authEvents)
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

/// Where ids are hashes, one inside the event means nothing; it is hashed like everything else.
private func checkID(_ event: JSONView, _ rules: RoomVersionRules) throws(EventError) {
  guard rules.eventIDs == .stated else { return }
  guard event["event_id"]?.string.flatMap({ EventID($0) })?.serverName != nil else {
    throw .malformed(key: "event_id")
  }
}

private func checkReferences(
  _ event: JSONView, _ key: String, _ rules: RoomVersionRules, limit: Int
) throws(EventError) {
  let hasHashes = rules.referencesCarryHashes
  guard let list = event[key], list.kind == .array,
    list.elements.allSatisfy({ hasHashes ? isHashedReference($0) : isEventID($0) })
  else { throw .malformed(key: key) }
  guard list.count <= limit else { throw .tooLarge(key: key) }
}

private func isEventID(_ view: JSONView?) -> Bool {
  view?.string.flatMap { EventID($0) } != nil
}

/// An id and its hashes. What they are is left open: nothing depends on them, and events of old
/// servers have other hashes than SHA-256 or none.
private func isHashedReference(_ view: JSONView) -> Bool {
  view.count == 2 && isEventID(view[0]) && view[1]?.kind == .object
}

extension RoomVersionRules {
  var canonicalNumbers: CanonicalNumbers { jsonIsStrict ? .plainIntegers : .all }

  fileprivate var jsonLimits: JSONLimits {
    var limits = JSONLimits.event
    limits.rejectsRepeatedKeys = jsonIsStrict
    return limits
  }
}
