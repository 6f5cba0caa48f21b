import EventAuth
import MatrixIdentifiers
import RoomEvents

/// Judges events one after the other by the state that the earlier ones made.
///
/// spec: rooms/v2#definitions, iterative auth checks
struct Replay {
  private(set) var resolved: [StateTuple: Event] = [:]
  private let base: BaseState
  private let events: ResolutionEvents

  init(base: BaseState, events: ResolutionEvents) {
    self.base = base
    self.events = events
  }

  mutating func apply(_ candidates: [Candidate]) {
    for candidate in candidates {
      if let key = candidate.event.stateTuple, isAllowed(candidate) {
        resolved[key] = candidate.event
      }
    }
  }

  private func isAllowed(_ candidate: Candidate) -> Bool {
    let state = StateAtTurn(resolved: resolved, base: base, candidate: candidate, events: events)
    return (try? authorise(candidate.event, state: state)) != nil
  }

  func event(_ key: StateTuple) -> Event? {
    resolved[key] ?? base.event(key)
  }
}

/// What a replay begins with.
enum BaseState: AuthState {
  /// spec: rooms/v12#algorithm, step 2
  case empty
  /// spec: rooms/v2#algorithm, step 2
  case unconflicted(StateConflict, ResolutionEvents)

  /// Notes in `missing` those events by which the candidates are judged that are not at hand.
  func require(for candidates: some Sequence<Event>, missing: inout Set<EventID>) {
    guard case .unconflicted(let conflict, let events) = self else { return }
    var keys: Set<StateTuple> = [.create, .powerLevels]
    for event in candidates { keys.formUnion(event.authEventKeys) }
    for key in keys {
      if let id = conflict.unconflicted(key) { _ = events.event(id, missing: &missing) }
    }
  }

  func event(_ key: StateTuple) -> Event? {
    switch self {
    case .empty: nil
    case .unconflicted(let conflict, let events):
      conflict.unconflicted(key).flatMap { events.event($0) }
    }
  }
}

/// The state by which one event is judged.
private struct StateAtTurn: AuthState {
  let resolved: [StateTuple: Event]
  let base: BaseState
  let candidate: Candidate
  let events: ResolutionEvents

  func event(_ key: StateTuple) -> Event? {
    resolved[key] ?? base.event(key) ?? accepted { $0.stateTuple == key }
  }

  /// What the event cites stands in for state that is not there, unless it was rejected.
  private func accepted(_ isWanted: (Event) -> Bool) -> Event? {
    let cited = candidate.cited.first { isWanted($0) && !events.isRejected($0.eventID) }
    if let cited { return cited }
    guard let create = candidate.impliedCreate, isWanted(create),
      !events.isRejected(create.eventID)
    else { return nil }
    return create
  }
}
