import MatrixIdentifiers
import RoomEvents

/// What a batch has to know before its requests can be decided.
struct BatchNeeds: Sendable {
  private(set) var transactions: [RoomTransaction] = []
  /// Events to fetch: state that decisions look at, and events to redact.
  private(set) var events: Set<EventID> = []
  /// The same by their numbers.
  private(set) var numbers: Set<Int64> = []
  private(set) var redactionTargets: Set<EventID> = []
  private(set) var relations = RelationNeeds()
  /// In one order for all writers, as they lock them.
  private(set) var delayed: [String] = []
  /// How many stream positions the batch may use.
  private(set) var eventCount = 0
  /// State events that each room may get, a new room's create event among them.
  private var stateCounts: [RoomID: Int] = [:]
  /// The states of rooms whose layers have to be looked at, as they may be merged.
  private(set) var snapshots: [(room: Int64, snapshot: SnapshotID)] = []
  /// For each request: why it cannot be decided at all, if so.
  private(set) var failures: [PersistError?] = []

  init(_ requests: [PersistRequest], heads: HeadCache) {
    for request in requests {
      do throws(PersistError) {
        try add(request, head: heads.head(request.roomID))
        failures.append(nil)
      } catch {
        failures.append(error)
      }
    }
    delayed.sort()
    for (roomID, count) in stateCounts {
      guard let head = heads.head(roomID), let snapshot = head.stateSnapshot,
        !head.cursor.hasSpace(for: count)
      else { continue }
      snapshots.append((head.cursor.room, snapshot))
    }
  }

  /// How many layers of state the batch may need.
  var layerCount: Int {
    stateCounts.values.reduce(0) { $0 + 2 + 2 * $1 / SnapshotID.changesPerLayer }
  }

  /// Bytes. With the other parts of its key a transaction id must fit into an index entry of
  /// Postgres, which ends at 2704.
  static let transactionIDLimit = 1024

  private mutating func add(
    _ request: PersistRequest, head: RoomHead?
  ) throws(PersistError) {
    for intent in request.intents {
      try Self.checkStorable(intent)
      try relations.note(intent, in: request.roomID)
    }
    eventCount += request.intents.count + (request.creation == nil ? 0 : 1)
    let stateCount = request.intents.count { $0.stateKey != nil }
    if stateCount > 0 || request.creation != nil {
      stateCounts[request.roomID, default: 0] += stateCount + 1
    }
    if let head { events.formUnion(head.missingExtremities) }
    for intent in request.intents {
      if let key = intent.transaction {
        transactions.append(RoomTransaction(roomID: request.roomID, key: key))
      }
      if let id = intent.delayed?.id { delayed.append(id) }
      if let target = intent.redacts {
        redactionTargets.insert(target)
        events.insert(target)
      }
      guard let version = head?.version ?? request.creation?.version else { continue }
      for key in try RoomMachine.neededState(for: intent, version: version) {
        guard let head, let entry = head.state[key] else { continue }
        if entry.eventID.flatMap({ head.graph.node(key, $0) }) == nil {
          numbers.insert(entry.number)
        }
      }
    }
  }

  /// What Postgres cannot hold must not reach it: it would refuse the whole batch.
  private static func checkStorable(_ intent: EventIntent) throws(PersistError) {
    let texts = [intent.type, intent.stateKey, intent.transaction?.transactionID]
    guard texts.allSatisfy({ $0?.utf8.contains(0) != true }) else {
      throw .invalid(reason: "a NUL character cannot be stored")
    }
    guard intent.transaction?.transactionID.utf8.count ?? 0 <= transactionIDLimit else {
      throw .invalid(reason: "the transaction id is too long")
    }
  }
}
