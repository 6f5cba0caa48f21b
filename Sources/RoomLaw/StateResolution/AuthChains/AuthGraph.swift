package import MatrixIdentifiers
package import RoomEvents

/// The auth events of a room as a graph in memory, kept beside the room and grown with it.
///
/// Answers for the auth chains of states without walking them to the room's start. Only state
/// events need to be in it, as no chain goes through others.
package struct AuthGraph: Sendable {
  struct Node: Sendable {
    let id: EventID
    /// Nil for what is no state, or could not be had.
    let key: StateTuple?
    let cited: [Int32]
    /// Above that of everything cited: 0 for events that cite nothing. Unlike `depth` nobody can
    /// lie about it.
    let generation: Int32
  }

  private(set) var nodes: [Node] = []
  /// Which nodes cite each node.
  private(set) var citing: [[Int32]] = []
  private var positions: [EventID: Int32] = [:]

  package init() {}

  /// In any order; `unobtainable` as for `ResolutionEvents`.
  package init(
    _ events: some Sequence<Event>, unobtainable: Set<EventID> = []
  ) throws(ResolutionError) {
    for id in unobtainable { insertUnobtainable(id) }
    try insert(all: events)
  }

  package var count: Int { nodes.count }

  package func contains(_ id: EventID) -> Bool {
    positions[id] != nil
  }

  /// All that the event cites must be in the graph.
  ///
  /// - Throws: `missingEvents` with what is not; the graph is then as before.
  package mutating func insert(_ event: Event) throws(ResolutionError) {
    guard !contains(event.eventID) else { return }
    var cited: [Int32] = []
    var missing: Set<EventID> = []
    for id in event.authEvents {
      if let position = positions[id] {
        cited.append(position)
      } else {
        missing.insert(id)
      }
    }
    try missing.throwIfAny()
    try ResolutionLimit.authGraph.check(count + 1)
    append(event.eventID, key: event.stateTuple, cited: cited)
  }

  /// Stands for an event that no server could give, with nothing before it. To be called before
  /// the events that cite it are inserted.
  package mutating func insertUnobtainable(_ id: EventID) {
    if !contains(id) { append(id, key: nil, cited: []) }
  }

  func position(of id: EventID) -> Int32? {
    positions[id]
  }

  private mutating func append(_ id: EventID, key: StateTuple?, cited: [Int32]) {
    let position = Int32(nodes.count)
    let generation = cited.reduce(0) { max($0, nodes[Int($1)].generation + 1) }
    nodes.append(Node(id: id, key: key, cited: cited, generation: generation))
    citing.append([])
    for other in cited { citing[Int(other)].append(position) }
    positions[id] = position
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
