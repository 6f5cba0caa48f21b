import MatrixIdentifiers
import Postgres
import PushRules
import RoomEvents
import StateResolution
import Streams

/// One room while events of other servers are taken into it: asks the database what the decisions
/// need and writes what comes of them, event by event, within the writer's transaction.
struct InboundRoom {
  /// Positions that one event may use: for itself, and for the layers of three states.
  static let numbersPerEvent = 10

  private static let histories = Statement(
    "inbound_history_numbers", "SELECT nextval('events_history_seq')", repeatable: false)

  var head: RoomHead
  let store: InboundStore
  let writes: InboundWrites
  /// Milliseconds since the epoch.
  let now: Int64
  var states: InboundStates
  /// Of the stream, for what comes next.
  var numbers: ArraySlice<Int64>
  /// Whether the room has a row of its own.
  var isStored: Bool
  /// Accepted as news, in the order of their positions.
  private(set) var told: [InboundNews] = []
  /// Whether the state changed in another way than by the events that clients are told of.
  private(set) var hasMet = false
  let push: PushDesk?

  /// - Parameter isStored: false for a room of which nothing is known yet.
  init(
    _ head: RoomHead, isStored: Bool, numbers: ArraySlice<Int64>, writer: WriterID,
    push: PushDesk?, now: Int64, in transaction: any Querying
  ) {
    self.head = head
    self.isStored = isStored
    self.numbers = numbers
    self.now = now
    self.push = push
    store = InboundStore(database: transaction, room: head.roomID, version: head.version)
    writes = InboundWrites(database: transaction, room: head.roomID, writer: writer.raw)
    states = InboundStates(store: store)
  }

  /// Whether the room's place in the graph is known.
  var hasBegun: Bool { !head.forwardExtremities.isEmpty }

  /// - Throws: what the database says; then nothing of the transaction may be committed.
  mutating func receive(_ received: ReceivedEvent) async throws -> ReceiveOutcome {
    guard received.event.roomID == head.roomID, received.event.version == head.version else {
      return .dropped(.otherRoom)
    }
    let number = try await number(for: received.kind)
    var machine = InboundMachine(received, number: number, ends: head.ends)
    var turn = InboundTurn()
    while true {
      switch machine.need {
      case .known(let ids, let cited):
        guard let known = try await store.known(ids, cited: cited, own: received.event.eventID)
        else { return .dropped(.otherRoom) }
        turn.known = known
        machine.give(known)
      case .state(let sum):
        if let plan = machine.plan { try await store(plan, &turn) }
        do {
          turn.state = try await meet(sum, turn)
          machine.give(turn.state.difference) { head.state[$0]?.number }
        } catch let error as ResolutionError {
          machine.give(error)
        }
      case .events(let numbers):
        machine.give(try await store.events(numbers))
      case .nothing(let outcome):
        if let plan = machine.plan { try await finish(plan, &turn) }
        return outcome
      }
    }
  }

  /// News has a place in the stream; what is older is numbered downwards.
  private mutating func number(for kind: ReceiptKind) async throws -> Int64 {
    if kind == .live { return numbers.popFirst() ?? 0 }
    return -(try await store.database.query(Self.histories).int(0, 0) ?? 0)
  }

  private mutating func meet(
    _ sum: InboundMachine.StateSum, _ turn: InboundTurn
  ) async throws -> InboundState {
    var forks = sum.after.isEmpty ? [] : try await states.states(after: sum.after, in: head)
    forks += sum.told.map { told in
      InboundState(difference: head.difference(of: told), snapshot: nil, isStored: false)
    }
    if let own = sum.own { forks.append(InboundState(difference: own, snapshot: turn.after)) }
    guard let first = forks.first else {
      return InboundState(difference: head.difference(of: [:]), snapshot: nil)
    }
    guard forks.count > 1 || !first.isStored else { return first }
    var met = first.difference
    if forks.contains(where: { $0.difference != first.difference }) {
      let state = head.state
      let solver = ConflictSolver(store: store, state: state)
      met = try await solver.meet(forks.map(\.difference))
        .filter { $0.value != state[$0.key]?.number }
    }
    try await keepSlots(of: met.keys)
    let snapshot = try await states.store(met, of: forks, &head, numbers: &numbers)
    return InboundState(difference: met, snapshot: snapshot)
  }

  /// Gives the places slots, so that stored states can name them.
  mutating func keepSlots(of places: some Sequence<StateTuple>) async throws {
    var new: [(slot: Int32, key: StateTuple)] = []
    for key in places where head.state[key] == nil {
      let kept = head.cursor.keepSlot(for: key)
      if kept.isNew { new.append((kept.slot, key)) }
    }
    guard !new.isEmpty else { return }
    _ = try await store.database.queryAll([writes.slotsQuery(new, room: head.cursor.room)])
  }

  mutating func tell(_ news: InboundNews) {
    told.append(news)
  }

  mutating func noteMeeting() {
    hasMet = true
  }
}

/// What is found out about one event on the way.
struct InboundTurn {
  var known = KnownEvents()
  /// The state that was asked for last.
  var state = InboundState(difference: [:], snapshot: nil)
  /// The state after the event, once that is stored.
  var after: SnapshotID?
  var row: InboundWrites.Row?
}

/// An event that clients are told of.
struct InboundNews: Sendable {
  let event: Event
  let position: Int64
  let replaced: [UInt8]
  var redactedBy: EventID?
  var unsigned: [UInt8] = []
  /// What it means to the members; nil where nobody asks.
  var push: EvaluatedEvent?
}

extension RoomHead {
  /// The extremities with their numbers.
  var ends: [EventID: Int64] {
    var ends: [EventID: Int64] = [:]
    for id in forwardExtremities { ends[id] = graph.number(of: id) }
    return ends
  }

  /// A whole state, told by what sets it apart from the current one.
  func difference(of told: [StateTuple: Int64]) -> StateDifference {
    var difference: StateDifference = [:]
    for (key, entry) in state where told[key] != entry.number {
      difference.updateValue(told[key], forKey: key)
    }
    for (key, number) in told where state[key] == nil {
      difference.updateValue(number, forKey: key)
    }
    return difference
  }

  /// The slot of a place that has one: see `StateCursor.keepSlot`.
  mutating func slot(of key: StateTuple) -> Int32 {
    state[key]?.slot ?? cursor.keepSlot(for: key).slot
  }
}
