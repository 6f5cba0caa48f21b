import EventAuth
import RoomEvents

/// Check 5: is the event allowed by the state that it was sent into.
enum AuthByStateBefore {
  static func check(_ event: Event, _ state: some AuthState) throws(AuthRejection) {
    try authorise(event, state: state)
  }
}

/// What the rules of authorisation look at in any state: what the event should cite, and what
/// they need whether it is cited or not.
func statePlaces(for event: Event) -> [StateTuple] {
  guard event.type != EventType.create else { return [] }
  let cited = event.authEventKeys
  return cited + [.create, .powerLevels].filter { !cited.contains($0) }
}
