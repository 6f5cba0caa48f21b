import RoomEvents

/// Check 3: is the content the one that its server hashed. What is not counts as redacted: the
/// signatures hold for the redacted form alone.
///
/// spec: server-server-api#validating-hashes-and-signatures-on-received-events
func eventWithGenuineContent(
  _ event: Event
) throws(DropReason) -> (event: Event, isRedacted: Bool) {
  if EventHashes.contentHashMatches(event) { return (event, false) }
  do {
    let redacted = try Event(
      bytes: redactedBytes(of: event), version: event.version, eventID: event.eventID)
    return (redacted, true)
  } catch {
    throw .malformed(error)
  }
}
