import EventAuth
import MatrixIdentifiers
import RoomEvents
import StateResolution

/// Where servers have agreed on something else than the words of the specification say. There the
/// text gives way, as servers that resolve differently part a room.
enum Departure: CaseIterable {
  /// "A power event is a state event with type `m.room.power_levels` or `m.room.join_rules`": the
  /// text names no state key, but goes on "power events are events that might remove someone's
  /// ability to do something in the room", which those under another key than the empty one do not.
  case powerEventsHaveNoStateKey
  /// "The full auth chain for each state, that is the union of the auth chains for each event": an
  /// event is not in its own chain, so that by the text an unconflicted event which not all states
  /// cite is in the difference and judged anew. Servers have the events of a state in its chain. The
  /// last step, "update the result with the unconflicted state map", gives it its place either way:
  /// what differs is the order of others.
  case chainsHoldTheirStates
  /// "Enlarge X by adding the events from P's auth chain which also belong to the full conflicted
  /// set": servers walk within the set and do not look behind what is outside of it.
  case chainsEndOutsideTheSet
}

/// State resolution again, word for word from the specification and without any care for speed, to
/// hold the real one against. Shares nothing with it but the authorisation rules.
///
/// spec: rooms/v2#state-resolution, rooms/v12#state-resolution
final class Reference {
  private typealias Pair = (key: StateTuple, value: EventID)

  let events: [EventID: Event]
  let rejected: Set<EventID>
  private let departures: Set<Departure>
  private var chains: [EventID: Set<EventID>] = [:]

  /// - Parameter departures: from the text; without any, it is taken at its word.
  init(
    events: [Event], rejected: Set<EventID>,
    departures: Set<Departure> = Set(Departure.allCases)
  ) {
    self.departures = departures
    self.events = Dictionary(uniqueKeysWithValues: events.map { ($0.eventID, $0) })
    self.rejected = rejected
  }

  func resolve(_ states: [StateMap], _ algorithm: StateResolutionAlgorithm) -> StateMap {
    switch algorithm {
    case .v1: ReferenceV1(events: events).resolve(states)
    case .v2: resolve(states, isV12: false)
    case .v2Point1: resolve(states, isV12: true)
    }
  }

  private func resolve(_ states: [StateMap], isV12: Bool) -> StateMap {
    let (unconflicted, conflicted) = split(states)
    if conflicted.isEmpty { return unconflicted }
    var full = conflicted.union(
      authDifference(
        states, holdsStates: departures.contains(.chainsHoldTheirStates)))
    if isV12 { full.formUnion(conflictedStateSubgraph(conflicted)) }

    // Step 1.
    var x = full.filter(isPowerEvent)
    for p in x {
      x.formUnion(
        departures.contains(.chainsEndOutsideTheSet)
          ? citedWithin(full, by: p) : authChain(p).intersection(full))
    }
    let first = reverseTopologicalPowerOrdering(x)
    // Step 2.
    let partial = iterativeAuthChecks(isV12 ? [:] : unconflicted, first)
    // Step 3.
    let rest = mainlineOrdering(full.subtracting(x), partial[.powerLevels])
    // Step 4.
    var result = iterativeAuthChecks(partial, rest)
    // Step 5.
    for (key, value) in unconflicted { result[key] = value }
    return result
  }

  private func isPowerEvent(_ id: EventID) -> Bool {
    guard let event = events[id], let stateKey = event.stateKey else { return false }
    if event.type == "m.room.power_levels" || event.type == "m.room.join_rules" {
      return stateKey == "" || !departures.contains(.powerEventsHaveNoStateKey)
    }
    return event.type == "m.room.member" && ["leave", "ban"].contains(event.membership)
      && event.sender.text != stateKey
  }

  func split(_ states: [StateMap]) -> (StateMap, Set<EventID>) {
    var unconflicted: StateMap = [:]
    var conflicted: Set<EventID> = []
    for key in Set(states.flatMap(\.keys)) {
      let values = states.map { $0[key] }
      if let value = values[0], values.allSatisfy({ $0 == value }) {
        unconflicted[key] = value
      } else {
        conflicted.formUnion(values.compactMap { $0 })
      }
    }
    return (unconflicted, conflicted)
  }

  func authChain(_ id: EventID) -> Set<EventID> {
    if let known = chains[id] { return known }
    var chain: Set<EventID> = []
    for cited in events[id]?.authEvents ?? [] {
      chain.insert(cited)
      chain.formUnion(authChain(cited))
    }
    chains[id] = chain
    return chain
  }

  /// - Parameter holdsStates: whether the events of a state are in its full auth chain.
  func authDifference(_ states: [StateMap], holdsStates: Bool) -> Set<EventID> {
    let full = states.map { state in
      state.values.reduce(into: holdsStates ? Set(state.values) : []) {
        $0.formUnion(authChain($1))
      }
    }
    let union = full.reduce(into: Set()) { $0.formUnion($1) }
    return union.subtracting(full.reduce(union) { $0.intersection($1) })
  }

  /// What the event cites in the set, what that cites in the set, and so on.
  private func citedWithin(_ set: Set<EventID>, by id: EventID) -> Set<EventID> {
    var found: Set<EventID> = []
    var new: Set<EventID> = [id]
    while !new.isEmpty {
      new = Set(new.flatMap { events[$0]?.authEvents ?? [] }).intersection(set).subtracting(found)
      found.formUnion(new)
    }
    return found
  }

  func conflictedStateSubgraph(_ conflicted: Set<EventID>) -> Set<EventID> {
    var subgraph: Set<EventID> = []
    for start in conflicted {
      for end in conflicted where authChain(start).contains(end) {
        let between = authChain(start).filter { authChain($0).contains(end) }
        subgraph.formUnion(between.union([start, end]))
      }
    }
    return subgraph
  }

  private func precedes(_ x: EventID, _ y: EventID) -> Bool {
    guard let first = events[x], let second = events[y] else { return false }
    if first.originServerTimestamp != second.originServerTimestamp {
      return first.originServerTimestamp < second.originServerTimestamp
    }
    return x.text < y.text
  }

  private func cited(_ id: EventID, _ type: String) -> EventID? {
    events[id]?.authEvents.first { events[$0]?.type == type && events[$0]?.stateKey == "" }
  }

  /// From version 12 on the room id stands for a citation of the create event.
  private func createEvent(of id: EventID) -> EventID? {
    guard let event = events[id] else { return nil }
    return event.version.rules.roomIDIsCreateHash
      ? event.roomID.createEventID : cited(id, "m.room.create")
  }

  private func senderLevel(_ id: EventID) -> Int64 {
    guard let event = events[id] else { return 0 }
    return PowerLevels(
      event: cited(id, "m.room.power_levels").flatMap { events[$0] },
      create: createEvent(of: id).flatMap { events[$0] }
    ).level(of: event.sender)
  }

  func reverseTopologicalPowerOrdering(_ set: Set<EventID>) -> [EventID] {
    let levels = Dictionary(uniqueKeysWithValues: set.map { ($0, senderLevel($0)) })
    var remaining = set
    var ordering: [EventID] = []
    while !remaining.isEmpty {
      let vertices = remaining.filter {
        remaining.isDisjoint(with: events[$0]?.authEvents ?? [])
      }
      let smallest = vertices.min { x, y in
        if levels[x] != levels[y] { return levels[x, default: 0] > levels[y, default: 0] }
        return precedes(x, y)
      }
      guard let smallest else { return [] }
      ordering.append(smallest)
      remaining.remove(smallest)
    }
    return ordering
  }

  /// The power levels event in the auth events of the event, the one in those of that, and so on.
  private func powerLevelsBefore(_ id: EventID) -> [EventID] {
    var list: [EventID] = []
    var next = cited(id, "m.room.power_levels")
    while let current = next {
      list.append(current)
      next = cited(current, "m.room.power_levels")
    }
    return list
  }

  func mainlineOrdering(_ set: Set<EventID>, _ p: EventID?) -> [EventID] {
    let mainline = p.map { [$0] + powerLevelsBefore($0) } ?? []
    func position(_ id: EventID) -> Int {
      for e in powerLevelsBefore(id) {
        if let i = mainline.firstIndex(of: e) { return i }
      }
      return Int.max
    }
    let positions = Dictionary(uniqueKeysWithValues: set.map { ($0, position($0)) })
    return set.sorted { x, y in
      if positions[x] != positions[y] { return positions[x, default: 0] > positions[y, default: 0] }
      return precedes(x, y)
    }
  }

  private func iterativeAuthChecks(_ initial: StateMap, _ list: [EventID]) -> StateMap {
    var state = initial
    for id in list {
      guard let event = events[id], let key = event.stateTuple else { continue }
      var known: StateMap = [:]
      let create = createEvent(of: id).map { [$0] } ?? []
      for cited in event.authEvents + create where !rejected.contains(cited) {
        if let key = events[cited]?.stateTuple, known[key] == nil { known[key] = cited }
      }
      let present = StateLayers(above: state, below: known, events: events)
      if (try? authorise(event, state: present)) != nil { state[key] = id }
    }
    return state
  }
}

/// A state with what stands in for events that it lacks.
private struct StateLayers: AuthState {
  let above: StateMap
  let below: StateMap
  let events: [EventID: Event]

  func event(_ key: StateTuple) -> Event? {
    above[key].flatMap { events[$0] } ?? below[key].flatMap { events[$0] }
  }
}
