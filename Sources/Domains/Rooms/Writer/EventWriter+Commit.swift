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
  func process(_ batch: WriterBatch) async {
    let deadline = ContinuousClock.now.advanced(by: Self.patience)
    var backoff = Backoff(first: .milliseconds(50), ceiling: .milliseconds(100))
    while true {
      do {
        let (persisted, received) = try await commit(batch)
        batch.resolve(persisted, received)
        heads.evict()
        return
      } catch {
        heads.removeAll()
        push?.forget(batch.rooms)
        logger.warning(
          "a batch of events was not committed",
          metadata: ["error": "\(error)", "requests": "\(batch.waiting.count)"])
        let isRecovered = await recovered(from: error)
        if !isRecovered, Self.isOfSomeRequest(error), batch.isMixed {
          // What the others sent is not to fail for it.
          for part in batch.parts { await process(part) }
          return
        }
        guard ContinuousClock.now < deadline, !Task.isCancelled, isRecovered else {
          return refuse(batch)
        }
      }
      try? await Task.sleep(for: backoff.delay(random: 0))
    }
  }

  /// Whether the batch may be tried again; takes the lease anew when it ran out.
  func recovered(from error: any Error) async -> Bool {
    guard let failure = error as? PostgresError else {
      stream.committed([])
      return false
    }
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

  /// Whether the same would happen again, as something cannot be stored or was stored wrongly.
  private static func isOfSomeRequest(_ error: any Error) -> Bool {
    (error as? PostgresError).map { $0.kind == .other } ?? true
  }

  private func refuse(_ batch: WriterBatch) {
    for waiting in batch.waiting {
      waiting.refuse(.unavailable(reason: "the events could not be written to the database"))
    }
  }

  private func commit(
    _ work: WriterBatch
  ) async throws -> ([Result<[PersistedEvent], PersistError>], [[ReceiveOutcome]]) {
    let (requests, received) = (work.requests, work.received)
    try await loadMissingHeads(for: work.rooms)
    try await push?.prepare(
      requests.flatMap { $0.pushNeeds(isKnown: heads.contains($0.roomID)) }
        + received.flatMap { $0.pushNeeds(isKnown: heads.contains($0.roomID)) })
    let now = clock.now()
    let (inbound, draft) = try await database.transaction(Self.options) { transaction in
      let inbound = try await self.receive(received, now: now, in: transaction)
      let draft = try await self.decide(
        requests, isFenced: !received.isEmpty, now: now, in: transaction)
      let finished = self.finishing(draft.delayed, now: now)
      var last = inbound.news.last?.position
      var queries: [Query] = []
      if let own = draft.written.last?.ordering {
        last = own
        queries = await draft.commitBatch(heads: self.heads)
          .queries(writer: self.lease.writer.raw, now: now)
      }
      if !inbound.meetings.isEmpty {
        // What workers remember of a room follows the stream event by event.
        queries.append(
          InvalidationFeed.statement(.roomHistories, inbound.meetings.map(\.text)))
      }
      queries += finished + [last.map { self.lease.positionUpdate($0) }].compactMap { $0 }
      if !queries.isEmpty { try await transaction.commit(with: queries) }
      return (inbound, draft)
    }
    publish(inbound, draft)
    push?.forget(inbound.meetings)
    for roomID in draft.touchedRooms { unloadLargeRoom(roomID) }
    return (draft.results(writer: lease.writer), inbound.outcomes)
  }

  private func loadMissingHeads(for rooms: Set<RoomID>) async throws {
    let missing = rooms.filter { !heads.contains($0) }
    guard !missing.isEmpty else { return }
    for head in try await store.loadHeads(Array(missing)) { heads.insert(head) }
  }

  /// One round trip for all that the decisions depend on, and the decisions. They change the
  /// heads, so the transaction is never retried by itself: see `process`.
  /// - Parameter isFenced: whether the lease was looked at in this transaction.
  private func decide(
    _ requests: [PersistRequest], isFenced: Bool, now: Int64, in transaction: Transaction
  ) async throws -> BatchDraft {
    let needs = BatchNeeds(requests, heads: heads)
    let fence = isFenced ? [] : [lease.fence()]
    let locks = needs.delayed.isEmpty ? nil : delayed?.lock(needs.delayed)
    let results = try await transaction.queryAll(
      fence + BatchFacts.queries(needs) + [locks].compactMap { $0 })
    let facts = try BatchFacts(needs, results.dropFirst(fence.count))
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
      guard let node = row.node else { continue }
      heads.modify(roomID) { head in
        head.install(event, number: row.number)
        if head.state[node.key]?.number == row.number { head.graph.note(row.id, node) }
      }
    }
    return targets
  }

  /// Also of a batch that wrote nothing, so that the writer is known to be idle.
  private func publish(_ inbound: InboundDraft, _ draft: BatchDraft) {
    let received = inbound.news.map { news in
      StreamRow(
        position: news.position,
        row: StoredEvent(
          event: news.event, streamOrdering: news.position, writer: lease.writer,
          replaced: news.replaced, unsigned: news.unsigned, redactedBy: news.redactedBy,
          push: news.push?.push))
    }
    let written = draft.written.map { placed in
      StreamRow(
        position: placed.ordering,
        row: StoredEvent(
          event: placed.planned.event, streamOrdering: placed.ordering, writer: lease.writer,
          replaced: placed.planned.replaced,
          transaction: placed.planned.transaction.map {
            SendingTransaction(deviceID: $0.deviceID, transactionID: $0.transactionID)
          }, delayID: placed.planned.delayID, push: placed.push?.push,
          mayHaveChildren: false))
    }
    stream.committed(received + written)
  }

  private func unloadLargeRoom(_ roomID: RoomID) {
    heads.modify(roomID) { head in
      if head.loadedMembers > RoomHead.loadedMemberLimit { head.unloadMembers() }
    }
  }
}
