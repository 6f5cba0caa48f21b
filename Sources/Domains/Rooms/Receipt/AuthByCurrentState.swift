import EventAuth
import RoomEvents

/// Check 6: would the event be allowed if it were sent now. Who was banned meanwhile shall not go
/// on by building on what was before the ban.
///
/// spec: server-server-api#soft-failure
enum AuthByCurrentState {
  static func check(_ event: Event, _ state: some AuthState) throws(AuthRejection) {
    try authorise(event, state: state)
  }
}
