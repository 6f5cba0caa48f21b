package import MatrixIdentifiers
package import RoomEvents
package import StateResolution

/// An event of another server that has passed checks 1 to 3.
package struct ReceivedEvent: Sendable {
  package let event: Event
  /// Its content was not genuine and was left out.
  package let isRedacted: Bool
  package let kind: ReceiptKind
  /// The states after those of its previous events that cannot be had, as another server tells
  /// them; for a join through that server, the one state before the event. Nil when there are
  /// none, and previous events that are not here have to be received first. The events of the
  /// states have to be received before.
  package let toldStates: [StateMap]?

  package init(
    event: Event, isRedacted: Bool = false, kind: ReceiptKind,
    toldStates: [StateMap]? = nil
  ) {
    self.event = event
    self.isRedacted = isRedacted
    self.kind = kind
    self.toldStates = toldStates
  }
}

/// Received events of one room, each after those it builds on and cites, as far as they are among
/// them.
package struct ReceiveRequest: Sendable {
  /// In one request: one commit takes them all.
  package static let eventLimit = 1000

  package let roomID: RoomID
  /// For a room that is not known yet; its create event has to be among the events.
  package let version: RoomVersion
  package let events: [ReceivedEvent]

  package init(roomID: RoomID, version: RoomVersion, events: [ReceivedEvent]) {
    self.roomID = roomID
    self.version = version
    self.events = events
  }
}

/// What became of a received event.
package enum ReceiveOutcome: Sendable, Equatable {
  case stored(EventStanding)
  /// It had been received before.
  case known(EventStanding)
  /// These have to be received first; nothing was stored. In place of previous events the states
  /// after them may be told.
  case missing(previous: [EventID], cited: [EventID])
  case dropped(DropReason)
  /// The state that the event was sent into could not be worked out.
  case unresolved(ResolutionError)
}
