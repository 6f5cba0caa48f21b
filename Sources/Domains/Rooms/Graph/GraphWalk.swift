import HeapModule

/// An event in the room's graph.
struct GraphNode: Equatable, Sendable {
  let number: Int64
  let depth: Int64
  let standing: EventStanding
  /// The numbers of its previous events, as far as they are here.
  let previous: [Int64]
}

/// Goes back through a room's graph from some events, and asks for the nodes that it comes to.
/// What was rejected is passed through and not found: no other server is told of it.
struct GraphWalk {
  enum Order {
    /// Those nearest to the start first.
    case breadthFirst
    /// The deepest first: what is likely to be the latest.
    case deepestFirst
  }

  /// Events that a walk comes by for each that it is to find.
  private static let visitsPerEvent = 8

  private struct Place: Comparable {
    let key: Int64
    let node: GraphNode

    static func < (left: Place, right: Place) -> Bool {
      (left.key, left.node.number) < (right.key, right.node.number)
    }
  }

  private let order: Order
  private let earliest: Set<Int64>
  private let minimumDepth: Int64
  private let limit: Int
  private var nodes: [Int64: GraphNode] = [:]
  private var wanted: [Int64]
  private var seen: Set<Int64>
  private var heap = Heap<Place>()
  private var visits: Int64 = 0
  /// In the order of the walk.
  private(set) var found: [GraphNode] = []

  /// - Parameters:
  ///   - start: the events to begin with; they are found too.
  ///   - earliest: events that the walk does not enter.
  ///   - limit: of the events that are found.
  init(
    _ order: Order, from start: [Int64], notEntering earliest: Set<Int64> = [],
    minimumDepth: Int64 = 0, limit: Int
  ) {
    self.order = order
    self.earliest = earliest
    self.minimumDepth = minimumDepth
    self.limit = limit
    seen = earliest.union(start)
    wanted = Array(Set(start).subtracting(earliest)).sorted()
  }

  /// What has to be given for the walk to go on; empty when it has ended.
  var need: [Int64] {
    isAtEnd ? [] : wanted.filter { nodes[$0] == nil }
  }

  private var isAtEnd: Bool {
    found.count >= limit || visits >= Int64(limit) * Int64(Self.visitsPerEvent)
  }

  /// - Parameter given: what is needed, and more if that is at hand. What is not given when it
  ///   was needed is not there.
  mutating func give(_ given: [GraphNode]) {
    for node in given { nodes[node.number] = node }
    enterWanted()
    while !isAtEnd, wanted.isEmpty, let place = heap.popMin() {
      visit(place.node)
      enterWanted(onlyLoaded: true)
    }
  }

  /// Lines up the wanted nodes.
  private mutating func enterWanted(onlyLoaded: Bool = false) {
    if onlyLoaded, wanted.contains(where: { nodes[$0] == nil }) { return }
    for number in wanted {
      guard let node = nodes[number], node.depth >= minimumDepth else { continue }
      visits += 1
      heap.insert(Place(key: order == .deepestFirst ? -node.depth : visits, node: node))
    }
    wanted = []
  }

  private mutating func visit(_ node: GraphNode) {
    if node.standing.hasPlace, !node.standing.isRejected { found.append(node) }
    wanted = node.previous.filter { seen.insert($0).inserted }
  }
}
