import HeapModule

/// Finds the events that are in the auth chains of some forks and not of all.
///
/// Goes down from the conflicting events, the highest generation first, so that all that cites an
/// event was seen before it. What an unconflicted event leads to lies in every chain and is never
/// entered, and the walk ends when all that is left does: hence the work goes with the difference.
///
/// spec: rooms/v2#definitions, auth difference
struct DifferenceWalk {
  private struct Waiting: Comparable {
    let generation: Int32
    let position: Int32

    static func < (left: Waiting, right: Waiting) -> Bool {
      (left.generation, left.position) < (right.generation, right.position)
    }
  }

  private let graph: AuthGraph
  private var shared: SharedChain
  private var reach: ForkReach
  private var queue = Heap<Waiting>()
  /// How many in the queue are not yet known to be in every chain.
  private var undecided = 0

  init(graph: AuthGraph, conflict: StateConflict) {
    self.graph = graph
    shared = SharedChain(graph: graph, conflict: conflict)
    reach = ForkReach(forks: conflict.forkCount)
  }

  /// - Parameter forks: the conflicting events of each fork.
  mutating func run(_ forks: [[Int32]]) -> [Int32] {
    for (fork, events) in forks.enumerated() {
      for event in events {
        for cited in graph.cited(by: event) {
          mark(cited) { $0.insert(fork, at: $1) }
        }
      }
    }
    var difference: [Int32] = []
    while undecided > 0, let next = queue.popMax() {
      let row = reach.row(of: next.position)
      let isInAll = reach.isFull(row)
      if !isInAll { undecided -= 1 }
      // What it cites is then shared as well, and found to be so when it is reached.
      if shared.contains(next.position) { continue }
      if !isInAll { difference.append(next.position) }
      // An unconflicted event that only some forks cite differs, and what it cites does not.
      if shared.isUnconflicted(next.position) { continue }
      for cited in graph.cited(by: next.position) {
        mark(cited) { $0.merge(row, into: $1) }
      }
    }
    return difference
  }

  private mutating func mark(_ position: Int32, _ change: (inout ForkReach, Int) -> Void) {
    let isNew = !reach.contains(position)
    let row = reach.row(of: position)
    let wasFull = reach.isFull(row)
    change(&reach, row)
    let isFull = reach.isFull(row)
    if isNew {
      queue.insert(Waiting(generation: graph.generation(of: position), position: position))
      if !isFull { undecided += 1 }
    } else if isFull, !wasFull {
      undecided -= 1
    }
  }
}
