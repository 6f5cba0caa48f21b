import MatrixIdentifiers
import RoomEvents

/// What the next event builds on, and the hashes by which events of the first room versions name
/// others.
extension RoomHead {
  /// The extremities that the next event is to build on: the latest, as an event can name no more.
  var nextPrevious: [EventID] {
    forwardExtremities.suffix(EventLimits.previousEvents)
  }

  /// The event takes the place of the extremities that it builds on.
  mutating func replaceExtremities(by event: Event) {
    let previous = Set(event.prevEvents)
    forwardExtremities.removeAll { previous.contains($0) }
    forwardExtremities.append(event.eventID)
    for id in previous { extremityHashes[id] = nil }
    noteExtremity(event)
  }

  /// The extremities whose events have to be fetched before the next event can be built.
  var missingExtremities: [EventID] {
    guard version.rules.referencesCarryHashes else { return [] }
    return forwardExtremities.filter { extremityHashes[$0] == nil }
  }

  /// Remembers the event's hash if it is an extremity and the room version needs it.
  mutating func noteExtremity(_ event: Event) {
    guard version.rules.referencesCarryHashes, forwardExtremities.contains(event.eventID) else {
      return
    }
    extremityHashes[event.eventID] = EventHashes.referenceHash(of: event)
  }

  /// Of the extremities and of these state events; empty where references carry none.
  func referenceHashes(of state: [StateTuple]) -> [EventID: [UInt8]] {
    guard version.rules.referencesCarryHashes else { return [:] }
    var hashes = extremityHashes
    for key in state {
      guard let event = self.event(key) else { continue }
      hashes[event.eventID] = EventHashes.referenceHash(of: event)
    }
    return hashes
  }
}
