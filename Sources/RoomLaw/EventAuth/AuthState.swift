package import RoomEvents

/// The room state that an event is judged by: before it, of its auth events, or the current one.
package protocol AuthState {
  func event(_ key: StateTuple) -> Event?
}

extension Dictionary: AuthState where Key == StateTuple, Value == Event {
  package func event(_ key: StateTuple) -> Event? { self[key] }
}
