import MatrixIdentifiers
import RoomEvents

/// What a batch has to know before its requests can be decided.
struct BatchNeeds: Sendable {
  private(set) var transactions: [RoomTransaction] = []
  /// Events to fetch: state that decisions look at, and events to redact.
  private(set) var events: Set<EventID> = []
  private(set) var redactionTargets: Set<EventID> = []
  /// How many stream positions the batch may use.
  private(set) var eventCount = 0
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
  }

  /// Bytes. With the other parts of its key a transaction id must fit into an index entry of
  /// Postgres, which ends at 2704.
  static let transactionIDLimit = 1024

  private mutating func add(
    _ request: PersistRequest, head: RoomHead?
  ) throws(PersistError) {
    for intent in request.intents { try Self.checkStorable(intent) }
    eventCount += request.intents.count + (request.creation == nil ? 0 : 1)
    if let head { events.formUnion(head.missingExtremities) }
    for intent in request.intents {
      if let key = intent.transaction {
        transactions.append(RoomTransaction(roomID: request.roomID, key: key))
      }
      if let target = intent.redacts {
        redactionTargets.insert(target)
        events.insert(target)
      }
      guard let version = head?.version ?? request.creation?.version else { continue }
      for key in try RoomMachine.neededState(for: intent, version: version) {
        if let entry = head?.state[key], entry.event == nil { events.insert(entry.eventID) }
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
