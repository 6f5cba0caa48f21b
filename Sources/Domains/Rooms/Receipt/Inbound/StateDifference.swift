import RoomEvents

/// A state of a room by the numbers of its events, told by what sets it apart from the room's
/// current state: nil where that has an entry and this has none. Most states that matter differ in
/// little or nothing.
typealias StateDifference = [StateTuple: Int64?]

extension StateDifference {
  /// The state after an event in the state before it.
  func after(_ event: Event, number: Int64) -> StateDifference {
    guard let key = event.stateTuple else { return self }
    var after = self
    after.updateValue(number, forKey: key)
    return after
  }

  /// The entry of a place, given what the current state has there.
  func entry(_ key: StateTuple, current: Int64?) -> Int64? {
    if let own = self[key] { return own }
    return current
  }

  /// Without what is no difference.
  func reduced(_ current: (StateTuple) -> Int64?) -> StateDifference {
    filter { $0.value != current($0.key) }
  }
}
