import MatrixIdentifiers
package import RoomEvents

/// The state after forks of a room have met.
///
/// A function of its arguments alone, whatever their order: every server that has the same events
/// comes to the same state.
///
/// - Parameters:
///   - states: the states after the events at the ends of the forks.
///   - version: of the room; chooses the algorithm.
///   - graph: must hold the auth chains of all events of the states. Not asked in room version 1.
package func resolve(
  _ states: [StateMap], version: RoomVersion, events: ResolutionEvents, graph: AuthGraph
) throws(ResolutionError) -> StateMap {
  let algorithm = version.rules.stateResolution
  let conflict = StateConflict(states, algorithm: algorithm)
  let chains: ChainConflict =
    switch algorithm {
    case .v1: ChainConflict(difference: [], subgraph: [])
    case .v2: ChainConflict(difference: try graph.difference(of: conflict), subgraph: [])
    case .v2Point1: try graph.chainConflict(of: conflict)
    }
  return conflict.merged(
    try resolve(conflict, algorithm: algorithm, chains: chains, events: events))
}

/// What the forks' conflict comes to: the state beside the unconflicted one. A key in conflict
/// that is not in it has no event any more.
///
/// - Parameters:
///   - conflict: split by the same algorithm.
///   - chains: what the auth chains add; of no matter in room version 1. The subgraph matters from
///     room version 12 on.
package func resolve(
  _ conflict: StateConflict, algorithm: StateResolutionAlgorithm, chains: ChainConflict,
  events: ResolutionEvents
) throws(ResolutionError) -> StateMap {
  guard !conflict.conflicting.isEmpty else { return [:] }
  switch algorithm {
  case .v1:
    var resolution = try ResolutionV1(conflict, events: events)
    return resolution.run()
  case .v2:
    return try replay(
      conflict.events, chains.difference, conflict, base: .unconflicted(conflict, events),
      events: events)
  case .v2Point1:
    return try replay(
      conflict.events.union(chains.subgraph), chains.difference, conflict, base: .empty,
      events: events)
  }
}

/// spec: rooms/v2#algorithm, rooms/v12#algorithm
private func replay(
  _ judged: Set<EventID>, _ difference: Set<EventID>, _ conflict: StateConflict, base: BaseState,
  events: ResolutionEvents
) throws(ResolutionError) -> StateMap {
  var missing: Set<EventID> = []
  let candidates = try FullConflictedSet(
    judged, difference: difference, conflict: conflict, events: events, missing: &missing
  ).candidates
  base.require(for: candidates.values.lazy.map(\.event), missing: &missing)
  try missing.throwIfAny()
  var replay = Replay(base: base, events: events)

  // Steps 1 and 2.
  let power = try PowerOrdering(candidates).sorted()
  replay.apply(power)

  // Steps 3 and 4.
  let done = Set(power.lazy.map(\.id))
  var mainline = MainlineOrdering(last: replay.event(.powerLevels), events: events)
  let rest = try mainline.sorted(candidates.values.filter { !done.contains($0.id) })
  replay.apply(rest)

  // Step 5: the unconflicted state goes before what was found.
  return replay.resolved.filter { conflict.unconflicted($0.key) == nil }.mapValues(\.eventID)
}
