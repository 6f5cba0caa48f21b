/// What the unconflicted state leads to and every fork's auth chain therefore holds, found out
/// from below for one event at a time.
///
/// From the state down it would take a look at every member. From below the first unconflicted
/// event settles it, and what leads to an event of the difference is in the difference as well,
/// but for events that were replaced without being cited.
struct SharedChain {
  private let graph: AuthGraph
  private let conflict: StateConflict
  private var known: [Int32: Bool] = [:]

  init(graph: AuthGraph, conflict: StateConflict) {
    self.graph = graph
    self.conflict = conflict
  }

  func isUnconflicted(_ position: Int32) -> Bool {
    let node = graph.nodes[Int(position)]
    return node.key.map { conflict.unconflicted($0) == node.id } ?? false
  }

  /// Whether an unconflicted event cites this one, directly or not. Goes up depth first with a
  /// stack of its own; the latest events first, as they are the likeliest to be current.
  mutating func contains(_ start: Int32) -> Bool {
    if let known = known[start] { return known }
    var path = [(position: start, next: lastCitation(of: start))]
    while let (position, next) = path.last {
      guard let next else {
        known[position] = false
        path.removeLast()
        continue
      }
      let edge = graph.edges[next]
      path[path.count - 1].next = edge.earlier
      let above = edge.source
      let isAboveShared = known[above]
      if isAboveShared == true || isUnconflicted(above) {
        for step in path { known[step.position] = true }
        return true
      }
      if isAboveShared == nil { path.append((above, lastCitation(of: above))) }
    }
    return false
  }

  private func lastCitation(of position: Int32) -> Int? {
    graph.nodes[Int(position)].lastCitation
  }
}
