import HeapModule
import MatrixIdentifiers

/// Finds the events that are in the auth chains of some forks and not of all.
///
/// Goes down from the conflicting events, the highest generation first, so that all that cites an
/// event was seen before it. What lies in every chain is never entered, and what an unconflicted
/// event leads to lies in every chain: hence the work goes with the difference.
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
  private let conflict: StateConflict
  private var reach: ForkReach
  private var queue = Heap<Waiting>()
  /// How many in the queue are not yet known to be in every chain.
  private var undecided = 0
  /// Whether nodes are in the chain of the unconflicted state, as far as it was asked.
  private var isShared: [Int32: Bool] = [:]

  init(graph: AuthGraph, conflict: StateConflict) {
    self.graph = graph
    self.conflict = conflict
    reach = ForkReach(forks: conflict.forkCount)
  }

  /// - Parameter forks: the conflicting events of each fork.
  mutating func run(_ forks: [[Int32]]) -> [Int32] {
    for (fork, events) in forks.enumerated() {
      for event in events {
        for cited in graph.nodes[Int(event)].cited {
          mark(cited) { $0.insert(fork, at: $1) }
        }
      }
    }
    var difference: [Int32] = []
    while undecided > 0, let next = queue.popMax() {
      let slot = reach.slot(of: next.position)
      var isInAll = reach.isFull(slot)
      if !isInAll {
        undecided -= 1
        isInAll = isCitedByUnconflicted(next.position)
        if !isInAll { difference.append(next.position) }
      }
      let passesAll = isInAll || isUnconflicted(next.position)
      for cited in graph.nodes[Int(next.position)].cited {
        mark(cited) { passesAll ? $0.fill($1) : $0.merge(slot, into: $1) }
      }
    }
    return difference
  }

  private mutating func mark(_ position: Int32, _ change: (inout ForkReach, Int) -> Void) {
    let isNew = !reach.contains(position)
    let slot = reach.slot(of: position)
    let wasFull = reach.isFull(slot)
    change(&reach, slot)
    let isFull = reach.isFull(slot)
    if isNew {
      queue.insert(
        Waiting(generation: graph.nodes[Int(position)].generation, position: position))
      if !isFull { undecided += 1 }
    } else if isFull, !wasFull {
      undecided -= 1
    }
  }

  private func isUnconflicted(_ position: Int32) -> Bool {
    let node = graph.nodes[Int(position)]
    return node.key.map { conflict.unconflicted($0) == node.id } ?? false
  }

  /// Whether an unconflicted event cites this one, directly or not. Goes up depth first with a
  /// stack of its own; the latest events first, as they are the likeliest to be current.
  private mutating func isCitedByUnconflicted(_ start: Int32) -> Bool {
    if let known = isShared[start] { return known }
    var path: [(position: Int32, remaining: Int)] = [(start, graph.citing[Int(start)].count)]
    while let (position, remaining) = path.last {
      guard remaining > 0 else {
        isShared[position] = false
        path.removeLast()
        continue
      }
      path[path.count - 1].remaining -= 1
      let above = graph.citing[Int(position)][remaining - 1]
      if isShared[above] == true || isUnconflicted(above) {
        for step in path { isShared[step.position] = true }
        return true
      }
      if isShared[above] == nil {
        path.append((above, graph.citing[Int(above)].count))
      }
    }
    return false
  }
}

/// For each node that was reached, the forks from which: a row of bits.
struct ForkReach {
  private let forks: Int
  private let wordsPerRow: Int
  private var rows: [Int32: Int] = [:]
  private var words: [UInt64] = []

  init(forks: Int) {
    self.forks = forks
    wordsPerRow = (forks + UInt64.bitWidth - 1) / UInt64.bitWidth
  }

  func contains(_ position: Int32) -> Bool {
    rows[position] != nil
  }

  mutating func slot(of position: Int32) -> Int {
    if let row = rows[position] { return row }
    let row = words.count
    rows[position] = row
    words.append(contentsOf: repeatElement(0, count: wordsPerRow))
    return row
  }

  func isFull(_ row: Int) -> Bool {
    words[row..<row + wordsPerRow].reduce(0) { $0 + $1.nonzeroBitCount } == forks
  }

  mutating func insert(_ fork: Int, at row: Int) {
    words[row + fork / UInt64.bitWidth] |= 1 << UInt64(fork % UInt64.bitWidth)
  }

  mutating func merge(_ source: Int, into row: Int) {
    for word in 0..<wordsPerRow { words[row + word] |= words[source + word] }
  }

  mutating func fill(_ row: Int) {
    for fork in 0..<forks { insert(fork, at: row) }
  }
}
