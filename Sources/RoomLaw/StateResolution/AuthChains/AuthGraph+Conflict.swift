import MatrixIdentifiers

extension AuthGraph {
  /// What the auth chains add to a conflict between states of this room.
  ///
  /// - Throws: `missingEvents` when events of the conflict are not in the graph.
  package func chainConflict(of conflict: StateConflict) throws(ResolutionError) -> ChainConflict {
    let forks = try positions(of: conflict)
    return ChainConflict(
      difference: difference(of: conflict, forks),
      subgraph: ids(subgraph(between: Set(forks.joined()))))
  }

  /// Room versions before 12 do not ask for the subgraph.
  func difference(of conflict: StateConflict) throws(ResolutionError) -> Set<EventID> {
    difference(of: conflict, try positions(of: conflict))
  }

  private func difference(of conflict: StateConflict, _ forks: [[Int32]]) -> Set<EventID> {
    var walk = DifferenceWalk(graph: self, conflict: conflict)
    return ids(walk.run(forks))
  }

  /// Of the conflicting events of each fork.
  private func positions(of conflict: StateConflict) throws(ResolutionError) -> [[Int32]] {
    var missing: Set<EventID> = []
    let forks = conflict.eventsByFork.map { ids in
      ids.compactMap { id in
        let position = position(of: id)
        if position == nil { missing.insert(id) }
        return position
      }
    }
    try missing.throwIfAny()
    return forks
  }

  private func ids(_ positions: some Sequence<Int32>) -> Set<EventID> {
    Set(positions.lazy.map { nodes[Int($0)].id })
  }

  /// Goes down from the ends, as long as there is still one below, and back up marking what leads
  /// to one.
  ///
  /// spec: rooms/v12#definitions, conflicted state subgraph
  private func subgraph(between ends: Set<Int32>) -> Set<Int32> {
    guard let floor = ends.lazy.map({ generation(of: $0) }).min() else { return [] }
    var reached = ends
    var stack = Array(ends)
    while let position = stack.popLast() {
      for cited in cited(by: position)
      where generation(of: cited) > floor && reached.insert(cited).inserted {
        stack.append(cited)
      }
    }
    var subgraph = ends
    for position in reached.sorted(by: { generation(of: $0) < generation(of: $1) })
    where cited(by: position).contains(where: subgraph.contains) {
      subgraph.insert(position)
    }
    return subgraph
  }
}
