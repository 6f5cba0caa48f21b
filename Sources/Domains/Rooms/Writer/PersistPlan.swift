package import MatrixIdentifiers
package import RoomEvents

/// An event that is to be written, with what changes along with it.
package struct PlannedEvent: Sendable {
  package let event: Event
  /// See `StoredEvent.unsigned`.
  package let unsigned: [UInt8]
  package let transaction: TransactionKey?
  /// The event that loses its content by this one.
  package let redaction: PlannedRedaction?
}

/// An earlier event in its redacted form.
package struct PlannedRedaction: Sendable {
  package let redacted: Event
  package let unsigned: [UInt8]
}

/// What one intent leads to.
package enum IntentOutcome: Sendable {
  case write(PlannedEvent)
  /// The state is so already, by this event.
  case unchanged(EventID)
}

/// How the head was before an event, to take the event back when a later intent of the same
/// request fails. It costs the same whatever the room's size, unlike a copy of the head.
struct HeadUndo {
  let forwardExtremities: [EventID]
  let extremityHashes: [EventID: [UInt8]]
  let depth: Int64
  var replaced: [(key: StateTuple, entry: StateEntry?)] = []

  init(_ head: RoomHead) {
    forwardExtremities = head.forwardExtremities
    extremityHashes = head.extremityHashes
    depth = head.depth
  }

  func apply(to head: inout RoomHead) {
    head.forwardExtremities = forwardExtremities
    head.extremityHashes = extremityHashes
    head.depth = depth
    for (key, entry) in replaced.reversed() {
      head.replace(key, with: entry)
    }
  }
}
