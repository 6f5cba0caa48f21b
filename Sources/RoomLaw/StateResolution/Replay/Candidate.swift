import EventAuth
import MatrixIdentifiers
import RoomEvents

/// An event of the full conflicted set with what it cites.
struct Candidate {
  let event: Event
  let citedIDs: [EventID]
  /// Without those that could not be had.
  let cited: [Event]
  /// The room's create event, which from version 12 on nobody cites.
  let impliedCreate: Event?

  var id: EventID { event.eventID }

  /// The power levels that the sender of the event went by.
  var powerLevels: Event? {
    cited.first { $0.isState(EventType.powerLevels) }
  }

  /// The level of the sender by what the event cites.
  ///
  /// spec: rooms/v2#definitions, reverse topological power ordering
  var senderLevel: Int64 {
    let create = impliedCreate ?? cited.first { $0.isState(EventType.create) }
    return PowerLevels(event: powerLevels, create: create).level(of: event.sender)
  }

  /// Whether the event might take away somebody's ability to do something.
  ///
  /// The specification does not name the state key of power levels and join rules. To other servers
  /// it is empty, as one under another key decides nothing, and the order of events hangs on it.
  ///
  /// spec: rooms/v2#definitions, power events
  var isPowerEvent: Bool {
    guard let stateKey = event.stateKey else { return false }
    switch event.type {
    case EventType.powerLevels, EventType.joinRules:
      return stateKey.isEmpty
    case EventType.member:
      switch event.membership {
      case Membership.leave, Membership.ban: return !sameBytes(event.sender.text, stateKey)
      default: return false
      }
    default:
      return false
    }
  }
}
