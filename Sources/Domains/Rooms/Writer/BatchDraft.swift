import EventAuth
import MatrixIdentifiers
import Postgres
import PushRules
import RoomEvents
import Streams

/// The decisions of one batch, before it is known whether they become durable.
struct BatchDraft {
  /// What a request gets when the batch is committed.
  typealias Answer = Result<[DraftedEvent], PersistError>

  enum DraftedEvent {
    /// The batch's event with this index.
    case written(Int)
    case existing(EventID)
  }

  private(set) var answers: [Answer] = []
  private(set) var written: [PlacedEvent] = []
  private(set) var created: [(head: RoomHead, creator: UserID)] = []
  private(set) var touchedRooms: Set<RoomID> = []
  private var byTransaction: [RoomTransaction: EventID] = [:]
  private var byID: [EventID: Event] = [:]
  private var orderings: ArraySlice<Int64>
  private var states: StateDraft
  private var relations: RelationRules
  private(set) var delayed: DelayedDraft
  private let push: PushDesk?

  /// - Parameter orderings: numbers for the events, at least as many as they can be.
  init(
    orderings: ArraySlice<Int64>, states: StateDraft,
    knownTransactions: [RoomTransaction: EventID], redactionTargets: [EventID: Event],
    relations: RelationRules, delayed: DelayedDraft = DelayedDraft(), push: PushDesk?
  ) {
    self.push = push
    self.delayed = delayed
    self.relations = relations
    self.orderings = orderings
    self.states = states
    byTransaction = knownTransactions
    byID = redactionTargets
  }

  mutating func refuse(_ error: PersistError) {
    answers.append(.failure(error))
  }

  /// Decides one request and applies it to the room's head.
  /// - Throws: when the batch cannot be carried out.
  mutating func decide(
    _ request: PersistRequest, heads: inout HeadCache, machine: RoomMachine, now: Int64
  ) throws(StateStorageError) {
    let outcomes: [IntentOutcome]
    do throws(PersistError) {
      outcomes = try attempt(request, heads: &heads, machine: machine, now: now)
    } catch {
      return refuse(error)
    }
    delayed.note(request.intents, outcomes)
    answers.append(.success(try record(outcomes, in: request.roomID, heads: &heads)))
  }

  private mutating func attempt(
    _ request: PersistRequest, heads: inout HeadCache, machine: RoomMachine, now: Int64
  ) throws(PersistError) -> [IntentOutcome] {
    if let creation = request.creation {
      return try create(request, creation, heads: &heads, machine: machine, now: now)
    }
    if let done = alreadyDone(request) { return done }
    if let sent = try delayed.alreadySent(request.intents, now: now) {
      return sent.map { .unchanged($0) }
    }
    try relations.check(request.intents, in: request.roomID)
    let (targets, numbers) = (byID, orderings)
    let outcomes = try heads.modify(request.roomID) { (head) throws(PersistError) in
      try machine.apply(
        request.intents, to: &head, redactionTargets: targets, numbers: numbers, now: now)
    }
    guard let outcomes else { throw .unknownRoom }
    return outcomes
  }

  /// A request is repeated whole, so its first transaction speaks for all of it.
  private func alreadyDone(_ request: PersistRequest) -> [IntentOutcome]? {
    let found = request.intents.compactMap { intent in
      intent.transaction.flatMap {
        byTransaction[RoomTransaction(roomID: request.roomID, key: $0)]
      }
    }
    guard !found.isEmpty, found.count == request.intents.count else { return nil }
    return found.map { .unchanged($0) }
  }

  private mutating func create(
    _ request: PersistRequest, _ creation: RoomCreation, heads: inout HeadCache,
    machine: RoomMachine, now: Int64
  ) throws(PersistError) -> [IntentOutcome] {
    guard let number = orderings.first else {
      throw .unavailable(reason: "there is no number for the event")
    }
    var (head, first) = try machine.create(
      creation, roomID: request.roomID, number: number, salt: .random())
    if let existing = heads.head(request.roomID) {
      return try repeated(request, existing, createEvent: first.event.eventID)
    }
    let outcomes = try machine.apply(
      request.intents, to: &head, redactionTargets: [:], numbers: orderings.dropFirst(), now: now)
    heads.insert(head)
    created.append((head, first.event.sender))
    return [.write(first)] + outcomes
  }

  /// A creation that is asked for again because its answer was lost has been carried out. Two
  /// requests may have the same create event: the transactions of their intents tell them apart.
  private func repeated(
    _ request: PersistRequest, _ head: RoomHead, createEvent: EventID
  ) throws(PersistError) -> [IntentOutcome] {
    let isOwn = request.intents.compactMap(\.transaction).allSatisfy { key in
      byTransaction[RoomTransaction(roomID: request.roomID, key: key)] != nil
    }
    guard isOwn, head.state[StateTuple("m.room.create", "")]?.eventID == createEvent
    else { throw .roomInUse }
    let events = request.intents.map { intent in
      head.state[StateTuple(intent.type, intent.stateKey ?? "")]?.eventID
        ?? createEvent
    }
    return [.unchanged(createEvent)] + events.map { .unchanged($0) }
  }

  private mutating func record(
    _ outcomes: [IntentOutcome], in roomID: RoomID, heads: inout HeadCache
  ) throws(StateStorageError) -> [DraftedEvent] {
    try heads.modify(roomID) { (head) throws(StateStorageError) in
      var drafted: [DraftedEvent] = []
      for outcome in outcomes {
        switch outcome {
        case .unchanged(let eventID): drafted.append(.existing(eventID))
        case .write(let planned): drafted.append(.written(try write(planned, to: &head)))
        }
      }
      return drafted
    } ?? []
  }

  /// - Returns: the index of the event in `written`.
  private mutating func write(
    _ planned: PlannedEvent, to head: inout RoomHead
  ) throws(StateStorageError) -> Int {
    let event = planned.event
    orderings.removeFirst()
    touchedRooms.insert(head.roomID)
    written.append(
      PlacedEvent(
        planned: planned, place: head.graph.append(event, number: planned.number),
        room: head.cursor.room, snapshot: try states.append(planned.edit, to: &head),
        push: evaluate(planned, in: head)))
    byID[event.eventID] = event
    relations.note(planned)
    if let redacted = planned.redaction?.redacted { byID[redacted.eventID] = redacted }
    if let key = planned.transaction {
      byTransaction[RoomTransaction(roomID: head.roomID, key: key)] = event.eventID
    }
    return written.count - 1
  }

  private func evaluate(_ planned: PlannedEvent, in head: RoomHead) -> EvaluatedEvent? {
    push?.evaluate(
      planned.event, at: planned.number,
      PowerLevels(event: head.event(.powerLevels), create: head.event(.create)),
      previousMembership: planned.previousMembership)
  }

  func commitBatch(heads: HeadCache) -> CommitBatch {
    CommitBatch(
      created: created, events: written, layers: states.writes,
      heads: touchedRooms.compactMap { heads.head($0).map { CommitBatch.Head($0) } })
  }

  /// The answers, once it is all committed.
  func results(writer: WriterID) -> [Result<[PersistedEvent], PersistError>] {
    answers.map { answer in
      answer.map { events in
        events.map { event in
          switch event {
          case .written(let index):
            PersistedEvent(
              eventID: written[index].planned.event.eventID,
              streamOrdering: written[index].ordering,
              writer: writer, isDuplicate: false)
          case .existing(let eventID):
            PersistedEvent(
              eventID: eventID, streamOrdering: 0, writer: writer, isDuplicate: true)
          }
        }
      }
    }
  }
}
