import MatrixIdentifiers

extension AuthGraph {
  /// What the auth chains add to a conflict between states of this room.
  ///
  /// - Throws: `missingEvents` when events of the conflict are not in the graph.
  package func chainConflict(of conflict: StateConflict) throws(ResolutionError) -> ChainConflict {
    let forks = try conflict.eventsByFork.map { ids throws(ResolutionError) in
      try positions(of: ids)
    }
    var walk = DifferenceWalk(graph: self, conflict: conflict)
    return ChainConflict(
      difference: ids(walk.run(forks)), subgraph: ids(subgraph(between: Set(forks.joined()))))
  }

  private func positions(of ids: [EventID]) throws(ResolutionError) -> [Int32] {
    var missing: Set<EventID> = []
    var found: [Int32] = []
    for id in ids {
      if let position = position(of: id) { found.append(position) } else { missing.insert(id) }
    }
    try missing.throwIfAny()
    return found
  }

  private func ids(_ positions: some Sequence<Int32>) -> Set<EventID> {
    Set(positions.lazy.map { nodes[Int($0)].id })
  }

  /// Goes down from the ends, no deeper than the lowest of them, and back up marking what leads
  /// to one.
  ///
  /// spec: rooms/v12#definitions, conflicted state subgraph
  private func subgraph(between ends: Set<Int32>) -> Set<Int32> {
    guard let floor = ends.lazy.map({ nodes[Int($0)].generation }).min() else { return [] }
    var reached = ends
    var stack = Array(ends)
    while let position = stack.popLast() {
      for cited in nodes[Int(position)].cited
      where nodes[Int(cited)].generation >= floor && reached.insert(cited).inserted {
        stack.append(cited)
      }
    }
    var subgraph = ends
    for position in reached.sorted(by: { nodes[Int($0)].generation < nodes[Int($1)].generation })
    where nodes[Int(position)].cited.contains(where: subgraph.contains) {
      subgraph.insert(position)
    }
    return subgraph
  }
}
