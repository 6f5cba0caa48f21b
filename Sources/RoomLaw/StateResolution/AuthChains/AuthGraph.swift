package import MatrixIdentifiers
package import RoomEvents

/// The auth events of a room as a graph in memory.
///
/// Answers for the auth chains of states without walking them to the room's start. Only state
/// events need to be in it, as no chain goes through others. A room's graph only ever grows, so it
/// may be kept and used again.
package struct AuthGraph: Sendable {
  struct Node: Sendable {
    let id: EventID
    /// Nil for what is no state, or could not be had.
    let key: StateTuple?
    /// Above that of everything cited: 0 for events that cite nothing. Unlike `depth` nobody can
    /// lie about it.
    let generation: Int32
    /// Where the edges to what it cites begin; they end where the next node's begin.
    let firstEdge: Int
    /// The last inserted edge that leads here.
    var lastCitation: Int?
  }

  /// One event citing another. All edges stand in one array: a graph of many small ones would
  /// take twice the memory.
  struct Edge: Sendable {
    let source: Int32
    let target: Int32
    /// The edge inserted before this one that leads to the same target.
    let earlier: Int?
  }

  private(set) var nodes: [Node] = []
  private(set) var edges: [Edge] = []
  private var positions: [EventID: Int32] = [:]

  package init() {}

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
    try append(event.eventID, key: event.stateTuple, cited: cited)
  }

  /// Stands for an event that no server could give, with nothing before it. To be called before
  /// the events that cite it are inserted.
  package mutating func insertUnobtainable(_ id: EventID) throws(ResolutionError) {
    if !contains(id) { try append(id, key: nil, cited: []) }
  }

  func position(of id: EventID) -> Int32? {
    positions[id]
  }

  func generation(of position: Int32) -> Int32 {
    nodes[Int(position)].generation
  }

  /// What the event cites.
  func cited(by position: Int32) -> some Sequence<Int32> {
    let next = Int(position) + 1
    let end = next < nodes.count ? nodes[next].firstEdge : edges.count
    return edges[nodes[Int(position)].firstEdge..<end].lazy.map(\.target)
  }

  private mutating func append(
    _ id: EventID, key: StateTuple?, cited: [Int32]
  ) throws(ResolutionError) {
    try ResolutionLimit.authGraph.check(count + 1)
    let position = Int32(nodes.count)
    let generation = cited.reduce(0) { max($0, self.generation(of: $1) + 1) }
    nodes.append(
      Node(
        id: id, key: key, generation: generation, firstEdge: edges.count, lastCitation: nil))
    for other in cited {
      edges.append(
        Edge(source: position, target: other, earlier: nodes[Int(other)].lastCitation))
      nodes[Int(other)].lastCitation = edges.count - 1
    }
    positions[id] = position
  }
}
