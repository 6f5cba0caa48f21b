import MatrixIdentifiers
import RoomEvents

/// What is stored of an event that a received one cites, builds on or is.
struct KnownEvent: Sendable {
  let number: Int64
  let standing: EventStanding
  let depth: Int64
  /// Given for cited events.
  var event: Event?
  /// Of an accepted state event.
  var node: ChainNode?
  /// Of an event that counts for nothing, the first ones that do behind it.
  var passedTo: [Int64] = []
}

/// What is stored of the events around a received one.
struct KnownEvents: Sendable {
  var events: [EventID: KnownEvent] = [:]
  /// Those of the events asked for on which accepted events build that came earlier.
  var builtUpon: Set<EventID> = []
}
