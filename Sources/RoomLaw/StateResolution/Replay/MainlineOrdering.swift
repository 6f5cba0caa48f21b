import MatrixIdentifiers
import RoomEvents

/// Puts events into the order of the power levels that they went by: the room's line of power
/// levels divides its life into ages, also where the events' own clocks disagree.
///
/// Follows the mainline only as far back as the events ask for, as a room may have had very many
/// power levels.
///
/// spec: rooms/v2#definitions, mainline ordering
struct MainlineOrdering {
  /// Of an event that the mainline does not lead to.
  private static let never = Int.max

  private let events: ResolutionEvents
  private var mainline: PowerLevelsLine
  private var length = 0
  /// By id of a power levels event: its own place in the mainline, or that of the first one before
  /// it which is there. 0 is the latest.
  private var places: [EventID: Int] = [:]
  private var missing: Set<EventID> = []

  /// - Parameter last: the power levels that the mainline leads up to.
  init(last: Event?, events: ResolutionEvents) {
    self.events = events
    mainline = PowerLevelsLine(last)
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
  ///
  /// Goes back along both lines, a step at a time, until they meet.
  private mutating func place(before powerLevels: Event?) throws(ResolutionError) -> Int {
    guard powerLevels != nil else { return Self.never }
    var line = PowerLevelsLine(powerLevels)
    var passed: [EventID] = []
    var indices: [EventID: Int] = [:]
    var place: Int?
    while place == nil, !line.isAtStart || !mainline.isAtStart {
      if let event = line.next(events, missing: &missing) {
        place = places[event.eventID]
        guard place == nil else { break }
        guard indices.updateValue(passed.count, forKey: event.eventID) == nil else {
          throw .authCycle
        }
        passed.append(event.eventID)
      }
      if let met = try extend(), let index = indices[met] {
        place = places[met]
        passed.removeSubrange(index...)
      }
    }
    for id in passed { places[id] = place ?? Self.never }
    return place ?? Self.never
  }

  /// Takes one more of the mainline in; nil when there is none.
  private mutating func extend() throws(ResolutionError) -> EventID? {
    guard let event = mainline.next(events, missing: &missing) else { return nil }
    guard places.updateValue(length, forKey: event.eventID) == nil else { throw .authCycle }
    length += 1
    return event.eventID
  }
}

/// Power levels, those that they cite, and so on. What an event cites is looked at only when it is
/// asked for.
private struct PowerLevelsLine {
  private let first: Event?
  private var last: Event?
  private(set) var isAtStart = false

  init(_ first: Event?) {
    self.first = first
  }

  mutating func next(_ events: ResolutionEvents, missing: inout Set<EventID>) -> Event? {
    guard !isAtStart else { return nil }
    last = if let last { powerLevels(citedBy: last, events, &missing) } else { first }
    isAtStart = last == nil
    return last
  }

  private func powerLevels(
    citedBy event: Event, _ events: ResolutionEvents, _ missing: inout Set<EventID>
  ) -> Event? {
    for id in event.authEvents {
      if let cited = events.event(id, missing: &missing), cited.isState(EventType.powerLevels) {
        return cited
      }
    }
    return nil
  }
}
