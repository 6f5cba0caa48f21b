import MatrixIdentifiers
import RoomEvents

/// A state of a room, told by what sets it apart from the room's current state: nil where that has
/// an entry and this has none. Most states that matter differ in little or nothing.
typealias StateDifference = [StateTuple: EventID?]

extension StateDifference {
  /// The state after an event in the state before it.
  func after(_ event: Event, standing: EventStanding) -> StateDifference {
    guard let key = event.stateTuple, !standing.isRejected else { return self }
    var after = self
    after.updateValue(event.eventID, forKey: key)
    return after
  }

  /// The entry of a place, given what the current state has there.
  func entry(_ key: StateTuple, current: EventID?) -> EventID? {
    if let own = self[key] { return own }
    return current
  }

  /// Without what is no difference.
  func reduced(_ current: (StateTuple) -> EventID?) -> StateDifference {
    filter { $0.value != current($0.key) }
  }
}
