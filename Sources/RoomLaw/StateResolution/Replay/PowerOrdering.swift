import HeapModule
import MatrixIdentifiers
import RoomEvents

/// Puts the events that decide who may do what into the order in which they are judged: after all
/// in their auth chains, and among those that are free of each other the mightiest sender first.
struct PowerOrdering {
  /// An event whose turn may come. A smaller one goes first.
  private struct Ready: Comparable {
    let level: Int64
    let timestamp: Int64
    let id: EventID
    let node: Int

    static func < (left: Ready, right: Ready) -> Bool {
      if left.level != right.level { return left.level > right.level }
      if left.timestamp != right.timestamp { return left.timestamp < right.timestamp }
      return left.id < right.id
    }
  }

  private struct Node {
    /// Nil for an event that is not itself judged, yet lies between two that are.
    let candidate: Candidate?
    var citedBy: [Int] = []
    var waitingFor = 0
  }

  private let candidates: [EventID: Candidate]
  private var nodes: [Node] = []
  private var positions: [EventID: Int] = [:]

  /// Takes in the power events and what is in their auth chains.
  ///
  /// spec: rooms/v2#algorithm, step 1
  ///
  /// - Parameter subgraph: the conflicted state subgraph. Before version 12 its inner events are
  ///   not judged, yet they say which of its ends came first.
  init(
    _ candidates: [EventID: Candidate], subgraph: Set<EventID>, events: ResolutionEvents
  ) throws(ResolutionError) {
    self.candidates = candidates
    var missing: Set<EventID> = []
    var stack: [(node: Int, cited: [EventID])] = []
    for candidate in candidates.values where candidate.isPowerEvent {
      stack.append((insert(candidate.id, candidate), candidate.citedIDs))
    }
    while let (node, cited) = stack.popLast() {
      for id in cited {
        if let known = positions[id] {
          link(node, after: known)
        } else if let candidate = candidates[id] {
          let added = insert(id, candidate)
          link(node, after: added)
          stack.append((added, candidate.citedIDs))
        } else if subgraph.contains(id), let event = events.event(id, missing: &missing) {
          let added = insert(id, nil)
          link(node, after: added)
          stack.append((added, event.authEvents))
        }
      }
    }
    try missing.throwIfAny()
  }

  /// Kahn's algorithm with a heap.
  ///
  /// spec: rooms/v2#definitions, reverse topological power ordering
  func sorted() throws(ResolutionError) -> [Candidate] {
    var waitingFor = nodes.map(\.waitingFor)
    var queue = Heap<Ready>()
    var free = nodes.indices.filter { waitingFor[$0] == 0 }
    var sorted: [Candidate] = []
    var done = 0
    while true {
      // Those in between take no turn: they are done as soon as they can be.
      while let node = free.popLast() {
        if let candidate = nodes[node].candidate {
          queue.insert(ready(candidate, node))
        } else {
          done += 1
          release(node, &waitingFor, &free)
        }
      }
      guard let next = queue.popMin() else { break }
      if let candidate = nodes[next.node].candidate { sorted.append(candidate) }
      done += 1
      release(next.node, &waitingFor, &free)
    }
    guard done == nodes.count else { throw .authCycle }
    return sorted
  }

  private func ready(_ candidate: Candidate, _ node: Int) -> Ready {
    Ready(
      level: candidate.senderLevel, timestamp: candidate.event.originServerTimestamp,
      id: candidate.id, node: node)
  }

  private func release(_ node: Int, _ waitingFor: inout [Int], _ free: inout [Int]) {
    for later in nodes[node].citedBy {
      waitingFor[later] -= 1
      if waitingFor[later] == 0 { free.append(later) }
    }
  }

  private mutating func insert(_ id: EventID, _ candidate: Candidate?) -> Int {
    let node = nodes.count
    positions[id] = node
    nodes.append(Node(candidate: candidate))
    return node
  }

  private mutating func link(_ node: Int, after cited: Int) {
    nodes[cited].citedBy.append(node)
    nodes[node].waitingFor += 1
  }
}
