import DequeModule
import Executors
package import Logging
package import Postgres

/// Commits the changes of one stream in its owner. Changes queue up while a commit is under way
/// and are then committed together, in the order of their arrival.
///
/// Invariants: one commit at a time, so positions need no gap handling; a change is answered
/// only after its commit; one that is refused, or that the database will not take, does not
/// touch the others of its batch.
package actor StreamCommitter<Row: Sendable> {
  /// Changes that may wait; more are told to come back later.
  static var queueLimit: Int { 10_000 }
  /// Changes in one commit.
  static var batchLimit: Int { 128 }
  /// How long a change outlives a database that is away before its caller is told.
  static var patience: Duration { .seconds(8) }

  typealias Answer = Result<[UInt8], OwnerError>

  struct Waiting: Sendable {
    let change: StreamChange<Row>
    let answer: Waiter<Answer>
  }

  let database: Database
  let lease: WriterLease
  let stream: StreamWriter<Row>
  let logger: Logger
  private var queue: Deque<Waiting> = []
  private var hasEnded = false
  private let arrivals: AsyncStream<Void>
  private let arrival: AsyncStream<Void>.Continuation

  package init(
    database: Database, lease: WriterLease, stream: StreamWriter<Row>, logger: Logger
  ) {
    self.database = database
    self.lease = lease
    self.stream = stream
    self.logger = logger
    (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// - Returns: the outcome's answer, after the commit.
  package func commit(_ change: StreamChange<Row>) async throws(OwnerError) -> [UInt8] {
    guard queue.count < Self.queueLimit else {
      throw .unavailable(reason: "too many changes are waiting to be written")
    }
    guard !hasEnded else { throw Self.stopping }
    let waiting = Waiting(change: change, answer: Waiter())
    queue.append(waiting)
    arrival.yield()
    return try await waiting.answer.value(
      ifCancelled: .failure(.unavailable(reason: "the request was given up"))
    ).get()
  }

  /// Commits what arrives, until the task is cancelled; then what still waits is refused.
  package func run() async {
    for await _ in arrivals {
      while !queue.isEmpty, !Task.isCancelled {
        await process(nextBatch())
      }
    }
    hasEnded = true
    for waiting in queue { waiting.answer.resolve(.failure(Self.stopping)) }
    queue.removeAll()
  }

  /// The first changes of the queue, up to one whose subject is among them already.
  private func nextBatch() -> [Waiting] {
    var subjects: Set<String> = []
    var batch: [Waiting] = []
    while batch.count < Self.batchLimit, let next = queue.first {
      if let subject = next.change.subject, !subjects.insert(subject).inserted { break }
      batch.append(queue.removeFirst())
    }
    return batch
  }

  private static var stopping: OwnerError { .unavailable(reason: "the worker is stopping") }
}

// Committing a batch.
extension StreamCommitter {
  /// Tries until the batch is committed, the database refuses it, or patience ends.
  private func process(_ batch: [Waiting]) async {
    let deadline = ContinuousClock.now.advanced(by: Self.patience)
    var backoff = Backoff(first: .milliseconds(50), ceiling: .seconds(1))
    while true {
      do {
        let answers = try await attempt(batch.map(\.change))
        for (waiting, answer) in zip(batch, answers) { waiting.answer.resolve(answer) }
        return
      } catch {
        logger.warning(
          "a batch of changes was not committed",
          metadata: [
            "stream": "\(stream.name.rawValue)", "error": "\(error)", "changes": "\(batch.count)",
          ])
        let mayRepeat = await recovered(from: error)
        if !mayRepeat, batch.count > 1 {
          // One of them is at fault; the others must not suffer for it.
          for waiting in batch { await process([waiting]) }
          return
        }
        guard mayRepeat, ContinuousClock.now < deadline, !Task.isCancelled else {
          return refuse(batch)
        }
      }
      try? await Task.sleep(for: backoff.delay(random: 0))
    }
  }

  private func refuse(_ batch: [Waiting]) {
    for waiting in batch {
      waiting.answer.resolve(
        .failure(.unavailable(reason: "the change could not be written to the database")))
    }
  }

  /// Whether the batch may be tried again; takes the lease anew when it ran out.
  private func recovered(from error: any Error) async -> Bool {
    guard let failure = error as? PostgresError else {
      stream.committed([])
      return false
    }
    switch failure.kind {
    case .fenced, .commitOutcomeUnknown:
      // Taking the lease again waits for the end of a transaction that may still be running.
      return await lease.reacquire()
    case .unavailable, .overloaded, .serialization, .deadlock, .statementTimeout:
      stream.committed([])
      return true
    case .uniqueViolation, .other:
      stream.committed([])
      return false
    }
  }

  private func attempt(_ changes: [StreamChange<Row>]) async throws -> [Answer] {
    let draft = try await database.transaction(TransactionOptions(retries: 0)) { transaction in
      let wanted = changes.reduce(0) { $0 + $1.rowLimit }
      let results = try await transaction.queryAll(
        [self.lease.fence(), StreamPositions.draw(wanted, from: self.stream.name)]
          + changes.flatMap(\.reads))
      let draft = BatchOutcome(
        changes, positions: StreamPositions.read(results[1]), read: results.dropFirst(2))
      guard !draft.writes.isEmpty else { return draft }
      let position = draft.rows.last.map { [self.lease.positionUpdate($0.position)] } ?? []
      try await transaction.commit(with: draft.writes + position)
      return draft
    }
    stream.committed(draft.rows)
    return draft.answers
  }
}
