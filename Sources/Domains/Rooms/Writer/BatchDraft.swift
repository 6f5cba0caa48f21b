import MatrixIdentifiers
import Postgres
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
  private(set) var planned: [PlannedEvent] = []
  private(set) var created: [(head: RoomHead, creator: UserID)] = []
  private(set) var touchedRooms: Set<RoomID> = []
  private var byTransaction: [RoomTransaction: EventID] = [:]
  private var byID: [EventID: Event] = [:]

  init(knownTransactions: [RoomTransaction: EventID], redactionTargets: [EventID: Event]) {
    byTransaction = knownTransactions
    byID = redactionTargets
  }

  mutating func refuse(_ error: PersistError) {
    answers.append(.failure(error))
  }

  /// Decides one request and applies it to the room's head.
  mutating func decide(
    _ request: PersistRequest, heads: inout HeadCache, machine: RoomMachine, now: Int64
  ) {
    do throws(PersistError) {
      answers.append(
        .success(try attempt(request, heads: &heads, machine: machine, now: now)))
    } catch {
      refuse(error)
    }
  }

  private mutating func attempt(
    _ request: PersistRequest, heads: inout HeadCache, machine: RoomMachine, now: Int64
  ) throws(PersistError) -> [DraftedEvent] {
    if let creation = request.creation {
      return try create(request, creation, heads: &heads, machine: machine, now: now)
    }
    if let done = alreadyDone(request) { return done }
    let targets = byID
    let outcomes = try heads.modify(request.roomID) { (head) throws(PersistError) in
      try machine.apply(request.intents, to: &head, redactionTargets: targets, now: now)
    }
    guard let outcomes else { throw .unknownRoom }
    return record(outcomes, in: request.roomID)
  }

  /// A request is repeated whole, so its first transaction speaks for all of it.
  private func alreadyDone(_ request: PersistRequest) -> [DraftedEvent]? {
    let found = request.intents.compactMap { intent in
      intent.transaction.flatMap {
        byTransaction[RoomTransaction(roomID: request.roomID, key: $0)]
      }
    }
    guard !found.isEmpty, found.count == request.intents.count else { return nil }
    return found.map { .existing($0) }
  }

  private mutating func create(
    _ request: PersistRequest, _ creation: RoomCreation, heads: inout HeadCache,
    machine: RoomMachine, now: Int64
  ) throws(PersistError) -> [DraftedEvent] {
    var (head, first) = try machine.create(creation, roomID: request.roomID)
    if let existing = heads.head(request.roomID) {
      return try Self.repeated(request, existing, createEvent: first.event.eventID)
    }
    let outcomes = try machine.apply(request.intents, to: &head, redactionTargets: [:], now: now)
    heads.insert(head)
    created.append((head, first.event.sender))
    return record([.write(first)] + outcomes, in: request.roomID)
  }

  /// A creation that is asked for again because its answer was lost has been carried out.
  private static func repeated(
    _ request: PersistRequest, _ head: RoomHead, createEvent: EventID
  ) throws(PersistError) -> [DraftedEvent] {
    guard head.state[StateTuple("m.room.create", "")]?.eventID == createEvent
    else { throw .roomInUse }
    let events = request.intents.map { intent in
      head.state[StateTuple(intent.type, intent.stateKey ?? "")]?.eventID
        ?? createEvent
    }
    return [.existing(createEvent)] + events.map { .existing($0) }
  }

  private mutating func record(
    _ outcomes: [IntentOutcome], in roomID: RoomID
  ) -> [DraftedEvent] {
    outcomes.map { outcome in
      switch outcome {
      case .unchanged(let eventID):
        return .existing(eventID)
      case .write(let event):
        touchedRooms.insert(roomID)
        planned.append(event)
        byID[event.event.eventID] = event.event
        if let redacted = event.redaction?.redacted { byID[redacted.eventID] = redacted }
        if let key = event.transaction {
          byTransaction[RoomTransaction(roomID: roomID, key: key)] = event.event.eventID
        }
        return .written(planned.count - 1)
      }
    }
  }

  /// The rows to write; `orderings` has at least one number for each event.
  func commitBatch(orderings: [Int64], heads: HeadCache) -> CommitBatch {
    CommitBatch(
      created: created,
      events: Array(zip(orderings, planned)).map { (ordering: $0, planned: $1) },
      heads: touchedRooms.compactMap { roomID in
        heads.head(roomID).map { (roomID, $0.forwardExtremities, $0.depth) }
      })
  }

  /// The answers once the events have their places in the stream.
  func results(
    orderings: [Int64], writer: WriterID
  ) -> [Result<[PersistedEvent], PersistError>] {
    answers.map { answer in
      answer.map { events in
        events.map { event in
          switch event {
          case .written(let index):
            PersistedEvent(
              eventID: planned[index].event.eventID, streamOrdering: orderings[index],
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
