package import MatrixIdentifiers
package import RoomEvents

/// Rule 2 (v12: rule 3): whether an event cites what it should. For events of other servers; our
/// own are made by the same selection.
///
/// - Parameters:
///   - authEvents: all events that `event.authEvents` names.
///   - isRejected: whether an auth event was itself rejected on receipt.
package func checkAuthEvents(
  of event: Event, _ authEvents: [Event], isRejected: (EventID) -> Bool
) throws(AuthRejection) {
  guard event.type != EventType.create else { return }
  let expected = event.authEventKeys
  var seen: Set<StateTuple> = []
  var unexpected = false
  for cited in authEvents {
    guard let key = cited.stateTuple else {
      unexpected = true
      continue
    }
    // Rule 2.1.
    guard seen.insert(key).inserted else { throw AuthRejection(.authEventsDuplicate) }
    unexpected = unexpected || !expected.contains(key)
  }
  // Rule 2.2.
  guard !unexpected else { throw AuthRejection(.authEventsUnexpected) }
  // Rule 2.3.
  guard !authEvents.contains(where: { isRejected($0.eventID) }) else {
    throw AuthRejection(.authEventsRejected)
  }
  // Rule 2.4: not in v12, where the room ID implies the create event.
  guard event.version.rules.roomIDIsCreateHash || seen.contains(.create) else {
    throw AuthRejection(.authEventsNoCreate)
  }
  // Rule 2.5.
  guard authEvents.allSatisfy({ $0.roomID == event.roomID }) else {
    throw AuthRejection(.authEventsOtherRoom)
  }
}
