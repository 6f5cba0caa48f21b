package import MatrixIdentifiers
package import RoomEvents

extension AuthGraph {
  /// Takes the events in any order.
  ///
  /// - Parameter unobtainable: events that no server could give: they lead nowhere.
  /// - Throws: `missingEvents` with all that the events cite and that was not given, so that a
  ///   graph comes about in as many rounds of fetching as its unknown part is deep.
  package init(
    _ events: some Sequence<Event>, unobtainable: Set<EventID> = []
  ) throws(ResolutionError) {
    self.init()
    for id in unobtainable { try insertUnobtainable(id) }
    try insert(all: events)
  }

  /// Each event after what it cites (Kahn's algorithm).
  private mutating func insert(all events: some Sequence<Event>) throws(ResolutionError) {
    var waiting: [EventID: (event: Event, count: Int)] = [:]
    var waiters: [EventID: [EventID]] = [:]
    var ready: [Event] = []
    let given = Dictionary(events.lazy.map { ($0.eventID, $0) }) { first, _ in first }
    var missing: Set<EventID> = []
    for (id, event) in given {
      let unknown = event.authEvents.filter { !contains($0) }
      missing.formUnion(unknown.lazy.filter { given[$0] == nil })
      for cited in unknown { waiters[cited, default: []].append(id) }
      if unknown.isEmpty { ready.append(event) } else { waiting[id] = (event, unknown.count) }
    }
    try missing.throwIfAny()
    while let event = ready.popLast() {
      try insert(event)
      for id in waiters.removeValue(forKey: event.eventID) ?? [] {
        waiting[id]?.count -= 1
        if let (event, count) = waiting[id], count == 0 {
          waiting[id] = nil
          ready.append(event)
        }
      }
    }
    guard waiting.isEmpty else { throw .authCycle }
  }
}
