import MatrixIdentifiers
import RoomEvents
import StateResolution

@testable import Rooms

/// A room's store without a database, with a whole state for each event: slow, and simple enough
/// to be believed.
struct MemoryRoom {
  struct Stored {
    let event: Event
    let number: Int64
    let standing: EventStanding
    let previous: [EventID]
    let stateBefore: StateMap?

    /// Nil for outliers.
    var stateAfter: StateMap? {
      guard var state = stateBefore else { return nil }
      if let key = event.stateTuple, !standing.isRejected { state[key] = event.eventID }
      return state
    }
  }

  let version: RoomVersion
  private(set) var events: [EventID: Stored] = [:]
  private(set) var ends: [EventID: Int64] = [:]
  private(set) var current: StateMap = [:]
  private(set) var depth: Int64 = 0
  private(set) var missing: [EventID: Set<EventID>] = [:]
  private var byNumber: [Int64: EventID] = [:]
  private var numbers: [EventID: Int64] = [:]

  init(_ version: RoomVersion) {
    self.version = version
  }

  /// What several states come to.
  /// - Parameter coming: an event of them that is not stored yet.
  func resolved(_ states: [StateMap], coming: Event? = nil) throws -> StateMap {
    var loaded = ResolutionEvents()
    for stored in events.values {
      loaded.add(stored.event, isRejected: stored.standing.isRejected)
    }
    if let coming { loaded.add(coming) }
    let chain = events.values.filter { $0.event.stateKey != nil && !$0.standing.isRejected }
    return try resolve(
      states, version: version, events: loaded,
      graph: AuthGraph(chain.map(\.event) + [coming].compactMap { $0 }))
  }

  @discardableResult
  mutating func receive(
    _ event: Event, _ kind: ReceiptKind = .live, told: [StateMap]? = nil
  ) throws -> ReceiveOutcome {
    // As in the database, what is no news has numbers that go down.
    let number = Int64(events.count + 1) * (kind == .live ? 1 : -1)
    var machine = InboundMachine(
      ReceivedEvent(event: event, kind: kind, toldStates: told), number: number, ends: ends)
    while true {
      switch machine.need {
      case .known(let ids, let cited):
        machine.give(known(ids, cited: cited))
      case .state(let sum):
        byNumber[number] = event.eventID
        if events[event.eventID] == nil { numbers[event.eventID] = number }
        try answer(sum, event, &machine)
      case .events(let numbers):
        machine.give(
          Dictionary(
            uniqueKeysWithValues: numbers.compactMap { number in
              byNumber[number].flatMap { events[$0] }.map { (number, $0.event) }
            }))
      case .nothing(let outcome):
        if let plan = machine.plan { apply(plan) }
        return outcome
      }
    }
  }

  private func known(_ ids: [EventID], cited: [EventID]) -> KnownEvents {
    var known = KnownEvents()
    for id in Set(ids + cited) {
      if let stored = events[id] {
        known.events[id] = KnownEvent(
          number: stored.number, standing: stored.standing, depth: stored.event.depth,
          event: cited.contains(id) ? stored.event : nil, node: nil,
          passedTo: passed(from: stored))
      }
      let referrers = missing[id] ?? []
      if referrers.contains(where: { events[$0]?.standing == .accepted }) {
        known.builtUpon.insert(id)
      }
    }
    return known
  }

  private func passed(from stored: Stored) -> [Int64] {
    guard stored.standing != .accepted else { return [] }
    return stored.previous.compactMap { events[$0] }.flatMap { [$0.number] + passed(from: $0) }
  }

  private func answer(
    _ sum: InboundMachine.StateSum, _ event: Event, _ machine: inout InboundMachine
  ) throws {
    var states = sum.after.compactMap { events[$0]?.stateAfter }
    states += sum.told.map { $0.compactMapValues { byNumber[$0] } }
    if let own = sum.own { states.append(state(own)) }
    let state = states.count == 1 ? states[0] : try resolved(states, coming: event)
    machine.give(difference(state), current: { current[$0].flatMap { events[$0]?.number } })
  }

  private func state(_ difference: StateDifference) -> StateMap {
    var state = current
    for (key, number) in difference { state[key] = number.flatMap { byNumber[$0] } }
    return state
  }

  private func difference(_ state: StateMap) -> StateDifference {
    var difference: StateDifference = [:]
    for key in Set(current.keys).union(state.keys) where current[key] != state[key] {
      difference.updateValue(state[key].flatMap { numbers[$0] }, forKey: key)
    }
    return difference
  }

  private mutating func apply(_ plan: InboundPlan) {
    let id = plan.event.eventID
    events[id] = Stored(
      event: plan.event, number: plan.number, standing: plan.standing, previous: plan.previous,
      stateBefore: plan.stateBefore.map { state($0) })
    byNumber[plan.number] = id
    numbers[id] = plan.number
    for previous in plan.missingPrevious { missing[previous, default: []].insert(id) }
    if plan.standing.hasPlace { missing[id] = nil }
    guard let next = plan.ends else { return }
    ends = next.others
    if next.isEnd { ends[id] = plan.number }
    depth = next.depth
    current = state(next.change)
  }
}
