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
    case events([EventID])
    case nothing(ReceiveOutcome)
  }

  /// The state that the states after some events, and others, come to together.
  struct StateSum: Sendable, Equatable {
    let after: [EventID]
    /// A state as another server tells it.
    var told: StateMap?
    /// The state after the event itself.
    var own: StateDifference?
  }

  private enum Stage {
    case known
    case stateBefore
    case events
    case ends(EventStanding)
    case done(ReceiveOutcome)
  }

  private let received: ReceivedEvent
  private let currentEnds: [EventID: Int64]
  private var receipt: ReceiptMachine
  private var stage = Stage.known

  private var known = KnownEvents()
  private var told: StateMap?
  private var before: StateDifference = [:]
  private var placesBefore: [StateTuple: EventID] = [:]
  private var placesNow: [StateTuple: EventID] = [:]
  private var events: [EventID: Event] = [:]
  private var nextEnds: RoomEnds?
  /// To be read when the outcome is that the event is stored.
  private(set) var plan: InboundPlan?

  /// - Parameter ends: the room's forward extremities with their numbers.
  init(_ received: ReceivedEvent, ends: [EventID: Int64]) {
    self.received = received
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
      let told = received.stateBefore.map { Array($0.values) } ?? []
      return .known(Array(Set(around + told)).sorted(), cited: citedIDs)
    case .stateBefore:
      return .state(StateSum(after: previous, told: told))
    case .events:
      let wanted = Set(placesBefore.values).union(placesNow.values)
      return .events(wanted.filter { events[$0] == nil }.sorted())
    case .ends:
      let others = (nextEnds?.others.keys).map { $0.sorted() } ?? []
      let isEnd = nextEnds?.isEnd ?? false
      return .state(StateSum(after: others, own: isEnd ? after(.accepted) : nil))
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
    missing += received.stateBefore?.values.filter { known.events[$0] == nil } ?? []
    let needsPlace = received.kind != .outlier && received.stateBefore == nil
    let previous = needsPlace ? missingPrevious : []
    guard missing.isEmpty, previous.isEmpty else {
      return .done(.missing(previous: previous, cited: Array(Set(missing)).sorted()))
    }
    told = received.stateBefore?.filter { known.events[$0.value]?.standing.isRejected == false }
    receipt.give(citedEvents: cited)
    for (id, cited) in cited { events[id] = cited.event }
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
  mutating func give(_ state: StateDifference, current: (StateTuple) -> EventID?) {
    if case .ends(let standing) = stage {
      nextEnds?.change = state.reduced(current)
      stage = finished(standing)
      return
    }
    before = state
    for key in statePlaces(for: event) {
      let now = current(key)
      placesNow[key] = now
      placesBefore[key] = state.entry(key, current: now)
    }
    stage = .events
    if case .events(let wanted) = need, wanted.isEmpty { stage = judged() }
  }

  mutating func give(_ error: ResolutionError) {
    stage = .done(.unresolved(error))
  }

  mutating func give(_ found: [Event]) {
    for event in found { events[event.eventID] = event }
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
        return accepted(received.kind == .outlier ? .outlier : .accepted)
      case .nothing(.softFail): return finished(.softFailed)
      case .nothing(.reject):
        return finished(received.kind == .outlier ? .rejectedOutlier : .rejected)
      // An event gets here with its signatures checked and what it cites given.
      case .keys, .citedEvents: return .done(.missing(previous: [], cited: citedIDs))
      }
    }
  }

  private mutating func accepted(_ standing: EventStanding) -> Stage {
    guard received.kind == .live else { return finished(standing) }
    var behind: Set<Int64> = []
    for id in previous {
      guard let stored = known.events[id] else { continue }
      behind.insert(stored.number)
      behind.formUnion(stored.passedTo)
    }
    let isBuiltUpon = known.builtUpon.contains(event.eventID)
    let others = ForwardExtremities.remaining(currentEnds, behind: behind)
    // Nothing changes for what only fills a gap.
    if isBuiltUpon, others.count == currentEnds.count { return finished(standing) }
    let depths = others.keys.compactMap { known.events[$0]?.depth }
    nextEnds = RoomEnds(
      others: others, isEnd: !isBuiltUpon,
      depth: (depths + (isBuiltUpon ? [] : [event.depth])).max() ?? event.depth, change: [:])
    return .ends(standing)
  }

  private func after(_ standing: EventStanding) -> StateDifference {
    before.after(event, standing: standing)
  }

  private mutating func finished(_ standing: EventStanding) -> Stage {
    var reason: AuthRejection?
    switch receipt.need {
    case .nothing(.reject(let rejection)), .nothing(.softFail(let rejection)): reason = rejection
    default: break
    }
    plan = InboundPlan(
      event: event, kind: received.kind, standing: standing, reason: reason,
      outlierNumber: known.events[event.eventID]?.number,
      stateBefore: received.kind == .outlier ? nil : before,
      previous: received.kind == .outlier ? [] : previous,
      missingPrevious: received.kind == .outlier ? [] : missingPrevious,
      cited: Set(event.authEvents).sorted().compactMap { known.events[$0]?.node },
      ends: nextEnds)
    return .done(.stored(standing))
  }
}
