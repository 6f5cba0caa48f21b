import Executors
import Logging
import MatrixIdentifiers
import Postgres
import RoomEvents
import Streams

extension EventWriter {
  /// Deciding changes the heads, so the transaction must not be run again by itself.
  private static let options = TransactionOptions(retries: 0)

  /// Decides and commits a batch, over again while the database is away or another process
  /// held the lease: a failed commit has written nothing.
  func process(_ batch: [Waiting]) async {
    let deadline = ContinuousClock.now.advanced(by: Self.patience)
    var backoff = Backoff(first: .milliseconds(50), ceiling: .seconds(1))
    while true {
      do {
        let results = try await commit(batch.map(\.request))
        for (waiting, result) in zip(batch, results) { waiting.answer.resolve(result) }
        heads.evict()
        return
      } catch {
        heads.removeAll()
        logger.warning(
          "a batch of events was not committed",
          metadata: ["error": "\(error)", "requests": "\(batch.count)"])
        guard ContinuousClock.now < deadline, !Task.isCancelled, await recovered(from: error)
        else { return refuse(batch) }
      }
      try? await Task.sleep(for: backoff.delay(random: 0))
    }
  }

  /// Whether the batch may be tried again; takes the lease anew when it ran out.
  private func recovered(from error: any Error) async -> Bool {
    guard let failure = error as? PostgresError else { return false }
    switch failure.kind {
    case .fenced, .commitOutcomeUnknown:
      // Taking the lease again waits for the end of a transaction that may still be running.
      return await lease.reacquire()
    case .unavailable, .overloaded, .serialization, .deadlock, .statementTimeout,
      .uniqueViolation:
      stream.committed([])
      return true
    case .other:
      stream.committed([])
      return false
    }
  }

  private func refuse(_ batch: [Waiting]) {
    for waiting in batch {
      waiting.answer.resolve(
        .failure(.unavailable(reason: "the events could not be written to the database")))
    }
  }

  private func commit(
    _ requests: [PersistRequest]
  ) async throws -> [Result<[PersistedEvent], PersistError>] {
    try await loadMissingHeads(for: requests)
    let needs = BatchNeeds(requests, heads: heads)
    let now = clock.now()
    let (draft, orderings) = try await database.transaction(Self.options) { transaction in
      let (draft, orderings) = try await self.decide(
        requests, needs: needs, now: now, in: transaction)
      guard !draft.planned.isEmpty else { return (draft, orderings) }
      let last = orderings[draft.planned.count - 1]
      let batch = await draft.commitBatch(orderings: orderings, heads: self.heads)
      try await transaction.commit(
        with: batch.queries(writer: self.lease.writer.raw, now: now)
          + [self.lease.positionUpdate(last)])
      return (draft, orderings)
    }
    publish(draft, orderings: orderings)
    for roomID in draft.touchedRooms { unloadLargeRoom(roomID) }
    return draft.results(orderings: orderings, writer: lease.writer)
  }

  private func loadMissingHeads(for requests: [PersistRequest]) async throws {
    let missing = Set(requests.map(\.roomID)).filter { !heads.contains($0) }
    guard !missing.isEmpty else { return }
    for head in try await store.loadHeads(Array(missing)) { heads.insert(head) }
  }

  /// One round trip for all that the decisions depend on, and the decisions. They change the
  /// heads, so the transaction is never retried by itself: see `process`.
  private func decide(
    _ requests: [PersistRequest], needs: BatchNeeds, now: Int64, in transaction: Transaction
  ) async throws -> (BatchDraft, [Int64]) {
    let results = try await transaction.queryAll([
      lease.fence(), WriterStore.orderingsQuery(needs.eventCount),
      WriterStore.transactionsQuery(needs.transactions),
      WriterStore.eventsQuery(needs.events),
    ])
    let orderings = (0..<results[1].count).compactMap { results[1].int($0, 0) }
    let targets = try install(WriterStore.events(results[3]), needs: needs)
    var draft = BatchDraft(
      knownTransactions: WriterStore.transactions(results[2]), redactionTargets: targets)
    for (request, failure) in zip(requests, needs.failures) {
      if let failure {
        draft.refuse(failure)
      } else {
        draft.decide(request, heads: &heads, machine: machine, now: now)
      }
    }
    return (draft, orderings)
  }

  /// Puts fetched state events into their heads; returns the events to be redacted.
  private func install(
    _ rows: [(id: EventID, roomID: String, bytes: [UInt8])], needs: BatchNeeds
  ) throws -> [EventID: Event] {
    var targets: [EventID: Event] = [:]
    for row in rows {
      guard let roomID = RoomID(row.roomID), let version = heads.head(roomID)?.version else {
        continue
      }
      let event = try Event(bytes: row.bytes, version: version, eventID: row.id)
      if needs.redactionTargets.contains(row.id) { targets[row.id] = event }
      heads.modify(roomID) { $0.noteExtremity(event) }
      guard let stateKey = event.stateKey else { continue }
      heads.modify(roomID) { head in
        let key = StateTuple(event.type, stateKey)
        guard head.state[key]?.eventID == row.id else { return }
        head.replace(key, with: StateEntry(eventID: row.id, event: event))
      }
    }
    return targets
  }

  /// Also of a batch that wrote nothing, so that the writer is known to be idle.
  private func publish(_ draft: BatchDraft, orderings: [Int64]) {
    let rows = zip(orderings, draft.planned).map { ordering, planned in
      StreamRow(
        position: ordering,
        row: StoredEvent(
          event: planned.event, streamOrdering: ordering, writer: lease.writer,
          unsigned: planned.unsigned,
          transaction: planned.transaction.map {
            SendingTransaction(deviceID: $0.deviceID, transactionID: $0.transactionID)
          }))
    }
    stream.committed(rows)
  }

  private func unloadLargeRoom(_ roomID: RoomID) {
    heads.modify(roomID) { head in
      if head.loadedMembers > RoomHead.loadedMemberLimit { head.unloadMembers() }
    }
  }
}
