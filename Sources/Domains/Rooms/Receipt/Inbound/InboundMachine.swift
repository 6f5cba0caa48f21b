import EventAuth
import MatrixIdentifiers
import RoomEvents
import StateResolution

/// Takes a genuine event of another server into its room: whether it counts, what the room's ends
/// are afterwards and what changes in its state. Asks for what it has to know.
struct InboundMachine: Sendable {
  enum Need: Sendable, Equatable {
    /// What is stored of these.
    /// - Parameter cited: those whose content and nodes are asked for as well.
    case known([EventID], cited: [EventID])
    case state(StateSum)
    /// The content of these events.
    case events([Int64])
    case nothing(ReceiveOutcome)
  }

  /// The state that the states after some events, and others, come to together.
  struct StateSum: Sendable, Equatable {
    let after: [EventID]
    /// States as another server tells them.
    var told: [[StateTuple: Int64]] = []
    /// The state after the event itself.
    var own: StateDifference?
  }

  private enum Stage {
    case known
    case stateBefore
    case events
    case ends
    case done(ReceiveOutcome)
  }

  private let received: ReceivedEvent
  private let currentEnds: [EventID: Int64]
  private var receipt: ReceiptMachine
  private var stage = Stage.known

  private var known = KnownEvents()
  private var number: Int64
  private var told: [[StateTuple: Int64]] = []
  private var before: StateDifference = [:]
  private var placesBefore: [StateTuple: Int64] = [:]
  private var placesNow: [StateTuple: Int64] = [:]
  private var events: [Int64: Event] = [:]
  private var nextEnds: RoomEnds?
  /// To be read when the outcome is that the event is stored. When the state is asked for that the
  /// room's ends come to, it is there already, without that state: the event is one of them.
  private(set) var plan: InboundPlan?

  /// - Parameters:
  ///   - number: for the event, if it has none as an outlier.
  ///   - ends: the room's forward extremities with their numbers.
  init(_ received: ReceivedEvent, number: Int64, ends: [EventID: Int64]) {
    self.received = received
    self.number = number
    currentEnds = ends
    receipt = ReceiptMachine(
      genuine: received.event, isRedacted: received.isRedacted, kind: received.kind)
  }

  private var event: Event { received.event }
  private var citedIDs: [EventID] { AuthByAuthEvents.needed(for: event) }

  var need: Need {
    switch stage {
    case .known:
      let around = [event.eventID] + event.prevEvents + currentEnds.keys
      let told = received.toldStates?.flatMap(\.values) ?? []
      return .known(Array(Set(around + told)).sorted(), cited: citedIDs)
    case .stateBefore:
      return .state(StateSum(after: previous, told: told))
    case .events:
      let wanted = Set(placesBefore.values).union(placesNow.values)
      return .events(wanted.filter { events[$0] == nil }.sorted())
    case .ends:
      let others = (nextEnds?.others.keys).map { $0.sorted() } ?? []
      let isEnd = nextEnds?.isEnd ?? false
      let own = isEnd ? before.after(event, number: number) : nil
      return .state(StateSum(after: others, own: own))
    case .done(let outcome):
      return .nothing(outcome)
    }
  }

  // MARK: What is known

  mutating func give(_ known: KnownEvents) {
    self.known = known
    stage = stage(from: known)
  }

  private mutating func stage(from known: KnownEvents) -> Stage {
    if let own = known.events[event.eventID], own.standing.hasPlace || received.kind == .outlier {
      return .done(.known(own.standing))
    }
    let cited = citedEvents
    var missing = citedIDs.filter { cited[$0] == nil }
    let toldStates = received.toldStates ?? []
    missing += toldStates.lazy.flatMap(\.values).filter { known.events[$0] == nil }
    let needsPlace = received.kind != .outlier && received.toldStates == nil
    let previous = needsPlace ? missingPrevious : []
    guard missing.isEmpty, previous.isEmpty else {
      return .done(.missing(previous: previous, cited: Array(Set(missing)).sorted()))
    }
    told = toldStates.map { state in
      state.compactMapValues { id in
        known.events[id].flatMap { $0.standing.isRejected ? nil : $0.number }
      }
    }
    if let own = known.events[event.eventID] { number = own.number }
    for id in citedIDs {
      if let stored = known.events[id] { events[stored.number] = stored.event }
    }
    receipt.give(citedEvents: cited)
    return received.kind == .outlier ? judged() : .stateBefore
  }

  private var citedEvents: [EventID: CitedEvent] {
    var cited: [EventID: CitedEvent] = [:]
    for id in citedIDs {
      guard let stored = known.events[id], let event = stored.event else { continue }
      cited[id] = CitedEvent(event: event, isRejected: stored.standing.isRejected)
    }
    return cited
  }

  private var previous: [EventID] {
    event.prevEvents.filter { known.events[$0]?.standing.hasPlace == true }
  }

  private var missingPrevious: [EventID] {
    event.prevEvents.filter { known.events[$0]?.standing.hasPlace != true }
  }

  // MARK: States

  /// - Parameter current: the room's current state.
  mutating func give(_ state: StateDifference, current: (StateTuple) -> Int64?) {
    if case .ends = stage {
      nextEnds?.change = state.reduced(current)
      stage = finished(.accepted)
      return
    }
    before = state
    for key in statePlaces(for: event) {
      let before = state.entry(key, current: current(key))
      placesBefore[key] = before
      // With its first end the room begins to have a current state.
      placesNow[key] = currentEnds.isEmpty ? before : current(key)
    }
    stage = .events
    if case .events(let wanted) = need, wanted.isEmpty { stage = judged() }
  }

  mutating func give(_ error: ResolutionError) {
    stage = .done(.unresolved(error))
  }

  mutating func give(_ found: [Int64: Event]) {
    events.merge(found) { first, _ in first }
    stage = judged()
  }

  // MARK: The verdict

  private mutating func judged() -> Stage {
    while true {
      switch receipt.need {
      case .stateBefore: receipt.give(stateBefore: placesBefore.compactMapValues { events[$0] })
      case .currentState: receipt.give(currentState: placesNow.compactMapValues { events[$0] })
      case .nothing(.drop(let reason)): return .done(.dropped(reason))
      case .nothing(.accept):
        return received.kind == .live
          ? atEnd() : finished(received.kind == .outlier ? .outlier : .accepted)
      case .nothing(.softFail): return finished(.softFailed)
      case .nothing(.reject):
        return finished(received.kind == .outlier ? .rejectedOutlier : .rejected)
      // An event gets here with its signatures checked and what it cites given.
      case .keys, .citedEvents: return .done(.missing(previous: [], cited: citedIDs))
      }
    }
  }

  /// An accepted event that is news.
  private mutating func atEnd() -> Stage {
    var behind: Set<Int64> = []
    for id in previous {
      guard let stored = known.events[id] else { continue }
      behind.insert(stored.number)
      behind.formUnion(stored.passedTo)
    }
    let isBuiltUpon = known.builtUpon.contains(event.eventID)
    let others = ForwardExtremities.remaining(currentEnds, behind: behind)
    // Nothing changes for what only fills a gap.
    if isBuiltUpon, others.count == currentEnds.count { return finished(.accepted) }
    let depths = others.keys.compactMap { known.events[$0]?.depth }
    nextEnds = RoomEnds(
      others: others, isEnd: !isBuiltUpon,
      depth: (depths + (isBuiltUpon ? [] : [event.depth])).max() ?? event.depth, change: [:])
    plan = makePlan(.accepted)
    return .ends
  }

  private mutating func finished(_ standing: EventStanding) -> Stage {
    plan = makePlan(standing)
    return .done(.stored(standing))
  }

  private func makePlan(_ standing: EventStanding) -> InboundPlan {
    var reason: AuthRejection?
    switch receipt.need {
    case .nothing(.reject(let rejection)), .nothing(.softFail(let rejection)): reason = rejection
    default: break
    }
    return InboundPlan(
      event: event, number: number, kind: received.kind, standing: standing, reason: reason,
      wasOutlier: known.events[event.eventID] != nil,
      stateBefore: received.kind == .outlier ? nil : before,
      previous: received.kind == .outlier ? [] : previous,
      missingPrevious: received.kind == .outlier ? [] : missingPrevious,
      cited: Set(event.authEvents).sorted().compactMap { known.events[$0]?.node },
      powerLevels: placesBefore[.powerLevels].flatMap { events[$0] },
      create: placesBefore[.create].flatMap { events[$0] }, ends: nextEnds)
  }
}
