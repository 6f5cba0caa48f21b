package import MatrixIdentifiers
import PushRules
package import RoomEvents

/// An event that is to be written, with what changes along with it.
package struct PlannedEvent: Sendable {
  /// The position in the stream, by which the event is named in the database.
  package let number: Int64
  package let event: Event
  /// See `StoredEvent.replaced`.
  package let replaced: [UInt8]
  /// Of the room's state; nil for an event that is no state.
  package let edit: StateEdit?
  /// Whether another part of the room may be read from here on, or by others.
  package let changesAccess: Bool
  package let transaction: TransactionKey?
  /// The event that loses its content by this one.
  package let redaction: PlannedRedaction?
  /// The delayed event that it was before.
  package var delayID: String?
}

extension PlannedEvent {
  /// Of a member event: the membership that it changes.
  var previousMembership: String? {
    event.type == EventType.member ? ReplacedState.membership(replaced) : nil
  }
}

/// A planned event with its place in the room's graph and the state of the room after it.
struct PlacedEvent: Sendable {
  let planned: PlannedEvent
  let place: GraphPlace
  /// The room's number in the tables of state.
  let room: Int64
  let snapshot: SnapshotID?
  /// What it means to the members; nil where nobody asks.
  let push: EvaluatedEvent?

  var ordering: Int64 { planned.number }
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
  let nextSlot: Int32
  var replaced: [(key: StateTuple, entry: StateEntry?)] = []

  init(_ head: RoomHead) {
    forwardExtremities = head.forwardExtremities
    extremityHashes = head.extremityHashes
    depth = head.depth
    nextSlot = head.cursor.nextSlot
  }

  func apply(to head: inout RoomHead) {
    head.forwardExtremities = forwardExtremities
    head.extremityHashes = extremityHashes
    head.depth = depth
    head.cursor.nextSlot = nextSlot
    for (key, entry) in replaced.reversed() {
      head.replace(key, with: entry)
    }
  }
}
