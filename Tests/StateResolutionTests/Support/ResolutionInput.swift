import MatrixIdentifiers
import RoomEvents
import StateResolution

/// Everything that a resolution needs but the states.
struct ResolutionInput {
  let events: [Event]
  let rejected: Set<EventID>
  let version: RoomVersion
  let algorithm: StateResolutionAlgorithm

  var loaded: ResolutionEvents {
    var loaded = ResolutionEvents()
    for event in events { loaded.add(event, isRejected: rejected.contains(event.eventID)) }
    return loaded
  }

  func resolve(_ states: [StateMap]) throws -> StateMap {
    try resolve(states, loaded: loaded, graph: AuthGraph(events))
  }

  func resolve(
    _ states: [StateMap], loaded: ResolutionEvents, graph: AuthGraph
  ) throws -> StateMap {
    if algorithm == version.rules.stateResolution {
      return try StateResolution.resolve(states, version: version, events: loaded, graph: graph)
    }
    let conflict = StateConflict(states, algorithm: algorithm)
    let chains = try graph.chainConflict(of: conflict)
    return conflict.merged(
      try StateResolution.resolve(
        conflict, algorithm: algorithm, chains: chains, events: loaded))
  }

  func reference(_ states: [StateMap]) -> StateMap {
    Reference(events: events, rejected: rejected).resolve(states, algorithm)
  }
}
