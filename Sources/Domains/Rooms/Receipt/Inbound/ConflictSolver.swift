import MatrixIdentifiers
import RoomEvents
import StateResolution

/// Resolves states of a room that is in the database. What it asks for goes with the conflict and
/// not with the room.
struct ConflictSolver: Sendable {
  /// How often more events are asked for: each round knows more of what is behind the conflict.
  static let roundLimit = 64
  /// Power levels that are loaded at once with a later one.
  static let lineLimit = 100

  let store: InboundStore
  /// The room's current state.
  let state: [StateTuple: StateEntry]

  private var algorithm: StateResolutionAlgorithm { store.version.rules.stateResolution }

  private func current(_ key: StateTuple) -> Int64? { state[key]?.number }

  /// What states come to that differ from the current one.
  /// - Returns: the entries in which some of the states differ from the current one.
  /// - Throws: `ResolutionError`, or what the database says.
  func meet(_ states: [StateDifference]) async throws -> StateDifference {
    let places = Set(states.lazy.flatMap(\.keys))
    var entries: [StateTuple: [Int64?]] = [:]
    var met: StateDifference = [:]
    for key in places {
      let all = states.map { $0.entry(key, current: current(key)) }
      met.updateValue(nil, forKey: key)
      if all.contains(where: { $0 != nil }) { entries[key] = all }
    }
    var events = SolverEvents()
    events.add(try await store.loaded(Set(entries.values.lazy.joined().compactMap { $0 })))
    let plain = conflict(entries, shared: [:], events, forks: states.count)
    for key in entries.keys {
      if let agreed = plain.unconflicted(key) {
        met.updateValue(events.number(agreed), forKey: key)
      }
    }
    guard !plain.conflicting.isEmpty else { return met }
    let agreed = AgreedState(
      state: state, met: met, conflicting: Set(plain.conflicting.keys))
    let chains = try await chains(of: plain, agreed: agreed, &events)
    let shared = try await sharedState(chains, plain, agreed: agreed, &events)
    let whole = conflict(entries, shared: shared, events, forks: states.count)
    for (key, id) in try await resolve(whole, chains, &events)
    where plain.conflicting[key] != nil {
      met.updateValue(events.number(id), forKey: key)
    }
    return met
  }

  private func conflict(
    _ entries: [StateTuple: [Int64?]], shared: StateMap, _ events: SolverEvents, forks: Int
  ) -> StateConflict {
    StateConflict(
      shared: shared,
      differing: entries.mapValues { $0.map { $0.flatMap { events.id($0) } } },
      forkCount: forks, algorithm: algorithm)
  }

  private func chains(
    of conflict: StateConflict, agreed: AgreedState, _ events: inout SolverEvents
  ) async throws -> ChainConflict {
    guard algorithm != .v1 else { return ChainConflict(difference: [], subgraph: []) }
    let forks = (0..<conflict.forkCount).map { fork in
      conflict.conflicting.compactMapValues { $0[fork].flatMap { events.number($0) } }
    }
    let index = ChainStore(database: store.database)
    let machine = try await index.conflict(
      ConflictingStates(
        forks: forks, unconflicted: { agreed.number($0) }, allUnconflicted: { agreed.all }))
    let difference = try await index.numbers(machine.difference)
    let subgraph = algorithm == .v2Point1 ? try await index.numbers(machine.subgraph) : []
    guard difference.count + subgraph.count <= ResolutionLimit.fullConflictedSet.maximum else {
      throw ResolutionError.tooLarge(.fullConflictedSet)
    }
    events.add(try await store.loaded(events.unknown(difference + subgraph)))
    return ChainConflict(
      difference: Set(difference.compactMap { events.id($0) }),
      subgraph: Set(subgraph.compactMap { events.id($0) }))
  }

  /// Of what the states agree on that by which the events are judged.
  private func sharedState(
    _ chains: ChainConflict, _ conflict: StateConflict, agreed: AgreedState,
    _ events: inout SolverEvents
  ) async throws -> StateMap {
    var keys: Set<StateTuple> = [.create, .powerLevels]
    let conflicting = conflict.conflicting.values.lazy.joined().compactMap { $0 }
    for id in chains.difference.union(chains.subgraph).union(conflicting) {
      guard let event = events.event(id) else { continue }
      keys.formUnion(event.authEventKeys)
      if let key = event.stateTuple { keys.insert(key) }
    }
    let numbers = Dictionary(
      uniqueKeysWithValues: keys.compactMap { key in agreed.number(key).map { (key, $0) } })
    events.add(try await store.loaded(events.unknown(numbers.values)))
    return numbers.compactMapValues { events.id($0) }
  }

  /// Resolves with what is at hand, and again with what that was lacking.
  private func resolve(
    _ conflict: StateConflict, _ chains: ChainConflict, _ events: inout SolverEvents
  ) async throws -> StateMap {
    for _ in 0..<Self.roundLimit {
      let missing: [EventID]
      do throws(ResolutionError) {
        return try StateResolution.resolve(
          conflict, algorithm: algorithm, chains: chains, events: events.forResolution)
      } catch .missingEvents(let ids) {
        missing = ids
      }
      events.add(try await store.withLines(missing, limit: Self.lineLimit))
      events.giveUp(missing)
    }
    throw ResolutionError.tooLarge(.authGraph)
  }
}

/// What states that meet agree on, by the numbers of its events.
private struct AgreedState: Sendable {
  /// The room's current state.
  let state: [StateTuple: StateEntry]
  /// Where some of the states differ from that.
  let met: StateDifference
  let conflicting: Set<StateTuple>

  func number(_ key: StateTuple) -> Int64? {
    conflicting.contains(key) ? nil : met.entry(key, current: state[key]?.number)
  }

  var all: [Int64] {
    Set(state.keys).union(met.keys).compactMap { number($0) }
  }
}

/// The events of one resolution by their ids and numbers.
struct SolverEvents {
  private(set) var forResolution = ResolutionEvents()
  private var byID: [EventID: LoadedEvent] = [:]
  private var ids: [Int64: EventID] = [:]

  mutating func add(_ loaded: [LoadedEvent]) {
    for one in loaded where byID[one.event.eventID] == nil {
      byID[one.event.eventID] = one
      ids[one.number] = one.event.eventID
      forResolution.add(one.event, isRejected: one.isRejected)
    }
  }

  /// Those of the events that are not here will not come.
  mutating func giveUp(_ wanted: [EventID]) {
    for id in wanted where byID[id] == nil { forResolution.addUnobtainable(id) }
  }

  func id(_ number: Int64) -> EventID? { ids[number] }
  func number(_ id: EventID) -> Int64? { byID[id]?.number }
  func event(_ id: EventID) -> Event? { byID[id]?.event }

  func unknown(_ numbers: some Sequence<Int64>) -> Set<Int64> {
    Set(numbers.lazy.filter { ids[$0] == nil })
  }
}
