import EventAuth
import MatrixIdentifiers
import RoomEvents

/// All events that are judged anew.
///
/// Other servers count the events of a state into its auth chain, which by the specification holds
/// only what they cite. It matters for one kind of event: an unconflicted one that not all forks
/// cite. By the text it is in the auth difference; theirs is in every chain. It is left out here
/// as it is there, for if it were in, what cites it would have to wait for it in the power ordering
/// (a moderator's kick for their join, which was sent without any power), and the same forks would
/// come to another state than on those servers.
///
/// spec: rooms/v2#definitions, rooms/v12#definitions
struct FullConflictedSet {
  private(set) var candidates: [EventID: Candidate] = [:]

  /// - Parameters:
  ///   - judged: those of the set that are judged whatever they are; the auth difference comes on
  ///     top.
  ///   - missing: gets what has to be loaded before the set is complete.
  init(
    _ judged: Set<EventID>, difference: Set<EventID>, conflict: StateConflict,
    events: ResolutionEvents, missing: inout Set<EventID>
  ) throws(ResolutionError) {
    let ids = judged.union(difference)
    try ResolutionLimit.fullConflictedSet.check(ids.count)
    var room: RoomID?
    var impliedCreate: Event?
    for id in ids.sorted() {
      guard let event = events.event(id, missing: &missing),
        judged.contains(id) || !conflict.isUnconflicted(event)
      else { continue }
      if room == nil {
        room = event.roomID
        impliedCreate = Self.impliedCreate(of: event, events, missing: &missing)
      }
      guard event.roomID == room else { throw .otherRoom(id) }
      let citedIDs = event.authEvents
      candidates[id] = Candidate(
        event: event, citedIDs: citedIDs,
        cited: citedIDs.compactMap { events.event($0, missing: &missing) },
        impliedCreate: impliedCreate)
    }
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

extension StateConflict {
  fileprivate func isUnconflicted(_ event: Event) -> Bool {
    event.stateTuple.map { unconflicted($0) == event.eventID } ?? false
  }
}
