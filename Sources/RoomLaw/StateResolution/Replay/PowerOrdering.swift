import HeapModule
import MatrixIdentifiers
import RoomEvents

/// Puts the events that decide who may do what into the order in which they are judged: after
/// those that they cite, and among those that are free of each other the mightiest sender first.
///
/// Citations count where both events are in the full conflicted set. By the specification's text an
/// event that is cited only by way of others, which are not in the set, would count as well. From
/// version 12 on there is no such event; before, there is one only where a fork's state is older
/// than its auth chain, and other servers then do not look for it.
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
    let candidate: Candidate
    var citedBy: [Int] = []
    var waitingFor = 0
  }

  private var nodes: [Node] = []
  private var positions: [EventID: Int] = [:]

  /// Takes in the power events and what of their auth chains is judged as well.
  ///
  /// spec: rooms/v2#algorithm, step 1
  init(_ candidates: [EventID: Candidate]) {
    var stack = candidates.values.filter(\.isPowerEvent).map { insert($0) }
    while let node = stack.popLast() {
      for id in nodes[node].candidate.citedIDs {
        guard let candidate = candidates[id] else { continue }
        let known = positions[id]
        let cited = known ?? insert(candidate)
        if known == nil { stack.append(cited) }
        nodes[cited].citedBy.append(node)
        nodes[node].waitingFor += 1
      }
    }
  }

  /// Kahn's algorithm with a heap.
  ///
  /// spec: rooms/v2#definitions, reverse topological power ordering
  func sorted() throws(ResolutionError) -> [Candidate] {
    var waitingFor = nodes.map(\.waitingFor)
    var queue = Heap(nodes.indices.lazy.filter { waitingFor[$0] == 0 }.map(ready))
    var sorted: [Candidate] = []
    while let next = queue.popMin() {
      sorted.append(nodes[next.node].candidate)
      for later in nodes[next.node].citedBy {
        waitingFor[later] -= 1
        if waitingFor[later] == 0 { queue.insert(ready(later)) }
      }
    }
    guard sorted.count == nodes.count else { throw .authCycle }
    return sorted
  }

  private func ready(_ node: Int) -> Ready {
    let candidate = nodes[node].candidate
    return Ready(
      level: candidate.senderLevel, timestamp: candidate.event.originServerTimestamp,
      id: candidate.id, node: node)
  }

  private mutating func insert(_ candidate: Candidate) -> Int {
    positions[candidate.id] = nodes.count
    nodes.append(Node(candidate: candidate))
    return nodes.count - 1
  }
}
