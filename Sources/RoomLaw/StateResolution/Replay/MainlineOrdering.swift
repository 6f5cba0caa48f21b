import MatrixIdentifiers
import RoomEvents

/// Puts events into the order of the power levels that they went by: the room's line of power
/// levels divides its life into ages, also where the events' own clocks disagree.
///
/// spec: rooms/v2#definitions, mainline ordering
struct MainlineOrdering {
  /// Of an event that the mainline does not lead to.
  private static let never = Int.max

  private let events: ResolutionEvents
  /// By id of a power levels event: its own place in the mainline, or that of the first one before
  /// it which is there. 0 is the latest.
  private var places: [EventID: Int] = [:]
  private var missing: Set<EventID> = []

  /// - Parameter last: the power levels that the mainline leads up to.
  init(last: Event?, events: ResolutionEvents) throws(ResolutionError) {
    self.events = events
    var next = last
    while let event = next {
      guard places.updateValue(places.count, forKey: event.eventID) == nil else {
        throw .authCycle
      }
      next = powerLevels(citedBy: event)
    }
    try missing.throwIfAny()
  }

  mutating func sorted(_ candidates: [Candidate]) throws(ResolutionError) -> [Candidate] {
    var keyed: [(place: Int, candidate: Candidate)] = []
    for candidate in candidates {
      keyed.append((try place(before: candidate.powerLevels), candidate))
    }
    try missing.throwIfAny()
    keyed.sort(by: Self.precedes)
    return keyed.map(\.candidate)
  }

  private static func precedes(
    _ left: (place: Int, candidate: Candidate), _ right: (place: Int, candidate: Candidate)
  ) -> Bool {
    if left.place != right.place { return left.place > right.place }
    let (first, second) = (left.candidate.event, right.candidate.event)
    if first.originServerTimestamp != second.originServerTimestamp {
      return first.originServerTimestamp < second.originServerTimestamp
    }
    return first.eventID < second.eventID
  }

  /// The place of the first of these power levels, those that they cite, and so on, that has one.
  private mutating func place(before powerLevels: Event?) throws(ResolutionError) -> Int {
    var passed: Set<EventID> = []
    var next = powerLevels
    var place = Self.never
    while let event = next {
      if let known = places[event.eventID] {
        place = known
        break
      }
      guard passed.insert(event.eventID).inserted else { throw .authCycle }
      next = self.powerLevels(citedBy: event)
    }
    for id in passed { places[id] = place }
    return place
  }

  private mutating func powerLevels(citedBy event: Event) -> Event? {
    for id in event.authEvents {
      if let cited = events.event(id, missing: &missing), cited.isState(EventType.powerLevels) {
        return cited
      }
    }
    return nil
  }
}
