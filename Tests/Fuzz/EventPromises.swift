import EventAuth
import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// The first byte chooses the room version, the rest is the event.
func checkEvent(_ input: [UInt8]) throws {
  guard let first = input.first else { return }
  let version = RoomVersion.all[Int(first) % RoomVersion.all.count]
  guard let event = try? Event(bytes: Array(input.dropFirst()), version: version) else { return }
  try checkForm(event)
  try checkRedaction(event)
  try checkAuthority(event)
}

private func checkForm(_ event: Event) throws {
  try promise(event.bytes.count <= EventLimits.eventBytes, "an event is too large")
  let numbers: CanonicalNumbers = event.version.rules.jsonIsStrict ? .plainIntegers : .all
  try promise(
    try canonicalJSON(event.json, numbers: numbers) == event.bytes, "an event is not canonical")
  let again = try Event(bytes: event.bytes, version: event.version)
  try promise(again.eventID == event.eventID && again.bytes == event.bytes, "an event changes")
  let stored = try Event(bytes: event.bytes, version: event.version, eventID: event.eventID)
  try promise(
    stored.sender == event.sender && stored.roomID == event.roomID
      && stored.stateTuple == event.stateTuple && stored.depth == event.depth,
    "a stored event differs")
  try promise(
    event.authEvents.count <= EventLimits.authEvents
      && event.prevEvents.count <= EventLimits.previousEvents
      && event.authEvents.count == event.json["auth_events"]?.count
      && event.prevEvents.count == event.json["prev_events"]?.count,
    "references are lost")
  try promise(
    try EventHashes.contentHash(of: event).count == SHA256.byteCount, "an event has no hash")
  _ = requiredSigners(of: event)
}

private func checkRedaction(_ event: Event) throws {
  let redacted = try Event(bytes: redactedBytes(of: event), version: event.version)
  try promise(redacted.eventID == event.eventID, "a redacted event has another id")
  try promise(redactedBytes(of: redacted) == redacted.bytes, "a redacted event loses more")
  try promise(
    EventHashes.signingBytes(of: redacted) == EventHashes.signingBytes(of: event),
    "a redacted event has other signatures")
}

/// The event is judged by a state that it is itself part of, for want of a likelier one.
private func checkAuthority(_ event: Event) throws {
  try promise(event.authEventKeys.count <= EventLimits.authEvents, "an event cites too much")
  var state: [StateTuple: Event] = [:]
  if let key = event.stateTuple { state[key] = event }
  for key in [StateTuple.create, .powerLevels, .joinRules, .member(event.sender)] {
    state[key] = state[key] ?? event
  }
  _ = try? authorise(event, state: state)
  _ = try? checkAuthEvents(of: event, [event], isRejected: { _ in false })
  let levels = PowerLevels(event: event, create: event)
  _ = (levels.level(of: event.sender), levels.invite, levels.required(type: "x", isState: true))
}
