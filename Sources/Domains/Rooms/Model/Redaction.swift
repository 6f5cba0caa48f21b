import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Streams

/// What a redaction makes of its target, the same in the owner's database and in the memory of
/// the workers that hold the event.
package enum Redaction {
  /// The members that a redaction adds to its target's `unsigned`, without braces.
  /// spec: client-server-api#redactions
  static func unsigned(because redaction: Event, now: Int64) -> [UInt8] {
    let stored = StoredEvent(event: redaction, streamOrdering: 0, writer: WriterID(raw: 0))
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("redacted_because")
    ClientEvent.write(stored, to: &writer, reader: nil, now: now, includeRoomID: true)
    writer.key("redacted_by")
    writer.string(redaction.eventID.text)
    writer.endObject()
    return Array(writer.bytes.dropFirst().dropLast())
  }

  /// The event without its content.
  static func redacted(_ target: Event) throws -> Event {
    try Event(
      bytes: redactedBytes(of: target), version: target.version, eventID: target.eventID)
  }

  /// A stored event as it is after `redaction`; nil when it cannot be redacted. Further
  /// redactions of an event change nothing.
  package static func apply(_ redaction: StoredEvent, to target: StoredEvent) -> StoredEvent? {
    guard target.redactedBy == nil else { return target }
    guard let event = try? redacted(target.event) else { return nil }
    let added = unsigned(because: redaction.event, now: redaction.event.originServerTimestamp)
    let kept = target.unsigned.isEmpty ? [] : target.unsigned + [UInt8(ascii: ",")]
    return StoredEvent(
      event: event, streamOrdering: target.streamOrdering, writer: target.writer,
      replaced: target.replaced, unsigned: kept + added, transaction: target.transaction,
      redactedBy: redaction.event.eventID, mayHaveChildren: target.mayHaveChildren)
  }

  /// The event as one sees it who does not want to see its content.
  static func hidden(_ stored: StoredEvent) -> StoredEvent {
    guard let event = try? redacted(stored.event) else { return stored }
    return StoredEvent(
      event: event, streamOrdering: stored.streamOrdering, writer: stored.writer)
  }

  /// The event that took the place of a redacted one, which does not tell any more what it was.
  package static func apply(toSuccessor stored: StoredEvent) -> StoredEvent {
    StoredEvent(
      event: stored.event, streamOrdering: stored.streamOrdering, writer: stored.writer,
      replaced: ReplacedState.redacted(stored), unsigned: stored.unsigned,
      transaction: stored.transaction, redactedBy: stored.redactedBy,
      mayHaveChildren: stored.mayHaveChildren)
  }
}
