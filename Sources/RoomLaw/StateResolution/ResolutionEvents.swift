package import MatrixIdentifiers
package import RoomEvents

/// The events at hand for a resolution, loaded beforehand.
///
/// Needed are: the full conflicted set; what its events cite; for room versions before 12, what the
/// unconflicted state holds under the keys by which the events are judged; from 12 on, the create
/// event; and as much of the lines of power levels behind all these as it takes to put them in
/// order. A resolution that lacks some throws the ids of all that it knows of, so it is repeated
/// with them: mostly twice. Whoever has the room's power levels at hand does well to give them.
package struct ResolutionEvents: Sendable {
  private var events: [EventID: Event] = [:]
  private var rejected: Set<EventID> = []
  private var unobtainable: Set<EventID> = []

  package init() {}

  package init(_ events: some Sequence<Event>) {
    for event in events { add(event) }
  }

  /// - Parameter isRejected: whether the event was rejected on receipt. It then vouches for no
  ///   other, and is itself judged as usual.
  package mutating func add(_ event: Event, isRejected: Bool = false) {
    events[event.eventID] = event
    if isRejected { rejected.insert(event.eventID) }
  }

  /// An event that no server could give: it is left out wherever it is cited.
  package mutating func addUnobtainable(_ id: EventID) {
    unobtainable.insert(id)
  }

  package func isRejected(_ id: EventID) -> Bool {
    rejected.contains(id)
  }

  /// Notes an event that should have been given in `missing`.
  func event(_ id: EventID, missing: inout Set<EventID>) -> Event? {
    if let event = events[id] { return event }
    if !unobtainable.contains(id) { missing.insert(id) }
    return nil
  }

  func event(_ id: EventID) -> Event? {
    events[id]
  }
}

extension Set<EventID> {
  /// Of events that a step noted as missing.
  func throwIfAny() throws(ResolutionError) {
    guard isEmpty else { throw .missingEvents(sorted()) }
  }
}
