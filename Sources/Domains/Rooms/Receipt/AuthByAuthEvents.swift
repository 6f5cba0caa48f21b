import EventAuth
import MatrixIdentifiers
package import RoomEvents

/// An event that another one cites, with what became of it.
package struct CitedEvent: Sendable {
  package let event: Event
  package let isRejected: Bool

  package init(event: Event, isRejected: Bool) {
    self.event = event
    self.isRejected = isRejected
  }
}

/// Check 4: is the event allowed by what it cites itself.
enum AuthByAuthEvents {
  /// What has to be known: the auth events, and the create event where it is not one of them.
  static func needed(for event: Event) -> [EventID] {
    guard event.type != EventType.create else { return event.authEvents }
    return event.authEvents + [impliedCreate(event)].compactMap { $0 }
  }

  /// - Parameter cited: all that is needed.
  static func check(
    _ event: Event, _ cited: [EventID: CitedEvent]
  ) throws(AuthRejection) {
    // An event that is cited twice stands here twice, which the rules look at.
    let events = event.authEvents.compactMap { cited[$0]?.event }
    try checkAuthEvents(of: event, events) { cited[$0]?.isRejected ?? true }
    var state: [StateTuple: Event] = [:]
    for event in events {
      if let key = event.stateTuple { state[key] = event }
    }
    // A rejected create event makes no room.
    if let create = impliedCreate(event).flatMap({ cited[$0] }), !create.isRejected {
      state[.create] = create.event
    }
    try authorise(event, state: state)
  }

  /// spec: rooms/v12#event-format
  private static func impliedCreate(_ event: Event) -> EventID? {
    event.version.rules.roomIDIsCreateHash ? event.roomID.createEventID : nil
  }
}
