import Executors
import Logging
import MatrixIdentifiers
import Postgres
import PushRules
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
        push?.forget(Set(batch.map(\.request.roomID)))
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
    try await push?.prepare(
      requests.flatMap { $0.pushNeeds(isKnown: heads.contains($0.roomID)) })
    let needs = BatchNeeds(requests, heads: heads)
    let now = clock.now()
    let draft = try await database.transaction(Self.options) { transaction in
      let draft = try await self.decide(requests, needs: needs, now: now, in: transaction)
      let finished = self.finishing(draft.delayed, now: now)
      guard let last = draft.written.last?.ordering else {
        if !finished.isEmpty { try await transaction.commit(with: finished) }
        return draft
      }
      let batch = await draft.commitBatch(heads: self.heads)
      try await transaction.commit(
        with: batch.queries(writer: self.lease.writer.raw, now: now)
          + finished + [self.lease.positionUpdate(last)])
      return draft
    }
    publish(draft)
    for roomID in draft.touchedRooms { unloadLargeRoom(roomID) }
    return draft.results(writer: lease.writer)
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
  ) async throws -> BatchDraft {
    let locks = needs.delayed.isEmpty ? nil : delayed?.lock(needs.delayed)
    let results = try await transaction.queryAll(
      [lease.fence()] + BatchFacts.queries(needs) + [locks].compactMap { $0 })
    let facts = try BatchFacts(needs, results.dropFirst())
    let targets = try install(facts.events, needs: needs)
    let states = StateDraft(
      trees: facts.trees, numbers: facts.orderings.dropFirst(needs.eventCount))
    var draft = BatchDraft(
      orderings: facts.orderings.prefix(needs.eventCount), states: states,
      knownTransactions: facts.transactions, redactionTargets: targets,
      relations: facts.relations,
      delayed: standings(locks == nil ? nil : results.last), push: push)
    for (request, failure) in zip(requests, needs.failures) {
      if let failure {
        draft.refuse(failure)
      } else {
        try draft.decide(request, heads: &heads, machine: machine, now: now)
      }
    }
    return draft
  }

  private func standings(_ rows: Rows?) -> DelayedDraft {
    guard let rows, let delayed else { return DelayedDraft() }
    return DelayedDraft(delayed.standings(rows))
  }

  private nonisolated func finishing(_ draft: DelayedDraft, now: Int64) -> [Query] {
    guard !draft.sent.isEmpty, let delayed else { return [] }
    return [delayed.finish(draft.sent, now: now)]
  }

  /// Puts fetched state events into their heads; returns the events to be redacted.
  private func install(
    _ rows: [WriterStore.EventRow], needs: BatchNeeds
  ) throws -> [EventID: Event] {
    var targets: [EventID: Event] = [:]
    for row in rows {
      guard let roomID = RoomID(row.roomID), let version = heads.head(roomID)?.version else {
        continue
      }
      let event = try Event(bytes: row.bytes, version: version, eventID: row.id)
      if needs.redactionTargets.contains(row.id) { targets[row.id] = event }
      heads.modify(roomID) { $0.noteExtremity(event) }
      guard let key = event.stateTuple else { continue }
      heads.modify(roomID) { head in
        head.install(event, number: row.number)
        if head.state[key]?.number == row.number { head.graph.note(row.id, row.node(key)) }
      }
    }
    return targets
  }

  /// Also of a batch that wrote nothing, so that the writer is known to be idle.
  private func publish(_ draft: BatchDraft) {
    let rows = draft.written.map { placed in
      StreamRow(
        position: placed.ordering,
        row: StoredEvent(
          event: placed.planned.event, streamOrdering: placed.ordering, writer: lease.writer,
          replaced: placed.planned.replaced,
          transaction: placed.planned.transaction.map {
            SendingTransaction(deviceID: $0.deviceID, transactionID: $0.transactionID)
          }, delayID: placed.planned.delayID, push: placed.push?.push))
    }
    stream.committed(rows)
  }

  private func unloadLargeRoom(_ roomID: RoomID) {
    heads.modify(roomID) { head in
      if head.loadedMembers > RoomHead.loadedMemberLimit { head.unloadMembers() }
    }
  }
}
