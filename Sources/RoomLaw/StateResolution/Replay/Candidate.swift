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
  /// spec: rooms/v2#definitions, power events
  var isPowerEvent: Bool {
    guard let stateKey = event.stateKey else { return false }
    switch event.type {
    case EventType.powerLevels, EventType.joinRules:
      return true
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

/// All events that are judged anew.
///
/// spec: rooms/v2#definitions, full conflicted set
struct Candidates {
  private(set) var byID: [EventID: Candidate] = [:]

  init(_ ids: Set<EventID>, events: ResolutionEvents) throws(ResolutionError) {
    try ResolutionLimit.fullConflictedSet.check(ids.count)
    var missing: Set<EventID> = []
    var room: RoomID?
    var impliedCreate: Event?
    for id in ids.sorted() {
      guard let event = events.event(id, missing: &missing) else { continue }
      if room == nil {
        room = event.roomID
        impliedCreate = Self.impliedCreate(of: event, events, missing: &missing)
      }
      guard event.roomID == room else { throw .otherRoom(id) }
      let citedIDs = event.authEvents
      byID[id] = Candidate(
        event: event, citedIDs: citedIDs,
        cited: citedIDs.compactMap { events.event($0, missing: &missing) },
        impliedCreate: impliedCreate)
    }
    try missing.throwIfAny()
  }

  /// spec: rooms/v12#event-format
  private static func impliedCreate(
    of event: Event, _ events: ResolutionEvents, missing: inout Set<EventID>
  ) -> Event? {
    guard event.version.rules.roomIDIsCreateHash, let id = event.roomID.createEventID else {
      return nil
    }
    return events.event(id, missing: &missing)
  }
}
