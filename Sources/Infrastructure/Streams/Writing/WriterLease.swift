package import Logging
package import Postgres
import Synchronization

package enum LeaseError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Another process with the same name writes the stream now. Two processes of one name would
  /// take the lease from each other for ever, so this one has to end.
  case takenOver(workerName: String, stream: StreamName)

  package var description: String {
    switch self {
    case .takenOver(let name, let stream):
      """
      another process with worker_name "\(name)" has taken over writing the stream \
      \(stream.rawValue); each worker needs a worker_name of its own
      """
    }
  }
}

/// The right to write a stream under an instance's name. It is checked inside each transaction
/// (`fence`), so a process that was paused past its lease cannot commit.
package final class WriterLease: Sendable {
  private struct State {
    /// 0 stands for no lease: no transaction passes the fence with it.
    var epoch: Int64 = 0
    /// Transactions begun whose end was not reported yet.
    var attempts = 0
    /// Whether an earlier transaction may have been committed, or still be, unreported.
    var isInDoubt = false
    var isReleased = false
    var handlers: [@Sendable (_ position: Int64) -> Void] = []
  }

  package let stream: StreamName
  package let writer: WriterID
  private let workerName: String
  private let store: LeaseStore
  private let timing: StreamTiming
  private let logger: Logger
  private let state = Mutex(State())
  private let check = Wakeup()

  /// - Parameter holder: a random number that tells this process from others of its name.
  package init(
    stream: StreamName, writer: WriterID, workerName: String, database: Database,
    holder: Int64 = .random(in: 1 ... .max), timing: StreamTiming = StreamTiming(),
    logger: Logger
  ) {
    self.stream = stream
    self.writer = writer
    self.workerName = workerName
    store = LeaseStore(stream: stream, writer: writer, holder: holder, database: database)
    self.timing = timing
    self.logger = logger
  }

  /// Takes the lease, from an earlier process of the same name if need be, when the
  /// transactions of that one have ended. Done before anything is written.
  /// - Throws: `PostgresError`.
  package func acquire() async throws {
    _ = try await take(fromOthers: true)
  }

  /// Takes the lease again after it ran out, or to be sure that an earlier transaction of this
  /// process whose outcome is not known has ended.
  /// - Returns: false when it was released, or another process has taken it and this one must
  ///   end. True does not promise that the lease is held: the next transaction will tell.
  package func reacquire() async -> Bool {
    state.withLock { $0.isInDoubt = true }
    do {
      return try await take(fromOthers: false)
    } catch {
      logger.warning("cannot renew a writer's lease", metadata: metadata(error))
      return true
    }
  }

  /// Gives the lease back on a clean stop: it is not taken again, and nothing passes the fence.
  package func release() async throws {
    state.withLock { state in
      state.epoch = 0
      state.isReleased = true
    }
    check.raise()
    try await store.release()
  }

  /// The first statement of every transaction that writes the stream: refused with SQLSTATE
  /// AP001 unless the lease is held. Transactions of one writer pass it one at a time.
  package func fence() -> Query {
    let epoch = state.withLock { state in
      state.attempts += 1
      return state.epoch
    }
    return store.fence(epoch: epoch)
  }

  /// Records, in the transaction that writes the rows, that the stream has come to `position`:
  /// the highest of them.
  package func positionUpdate(_ position: Int64) -> Query {
    store.advance(to: position)
  }

  /// Renews the lease until it is released or the task is cancelled.
  /// - Throws: `LeaseError.takenOver`.
  package func run() async throws {
    while true {
      await check.wait(atMost: timing.leaseRenewal)
      guard !Task.isCancelled, !isReleased else { return }
      try await renew()
    }
  }

  private var isReleased: Bool {
    state.withLock { $0.isReleased }
  }

  private func renew() async throws {
    let epoch = state.withLock { $0.epoch }
    do {
      if try await store.renew(epoch: epoch, duration: timing.leaseDuration) { return }
      // Somebody else here may have taken it again meanwhile.
      guard !isReleased, state.withLock({ $0.epoch }) == epoch else { return }
      logger.warning("a writer's lease has run out", metadata: metadata(nil))
    } catch {
      guard !Task.isCancelled, !isReleased else { return }
      return logger.warning("cannot renew a writer's lease", metadata: metadata(error))
    }
    guard await reacquire() else {
      throw LeaseError.takenOver(workerName: workerName, stream: stream)
    }
  }

  private func take(fromOthers: Bool) async throws -> Bool {
    guard !isReleased,
      let taken = try await store.acquire(
        takeOver: fromOthers, duration: timing.leaseDuration)
    else {
      state.withLock { $0.epoch = 0 }
      check.raise()
      return false
    }
    let handlers = state.withLock { state in
      // What was begun before has ended, and lies before the position to start from.
      state.epoch = max(state.epoch, taken.epoch)
      state.attempts = 0
      state.isInDoubt = false
      return state.handlers
    }
    for handler in handlers { handler(taken.position) }
    return true
  }

  private func metadata(_ error: (any Error)?) -> Logger.Metadata {
    var metadata: Logger.Metadata = ["stream": "\(stream.rawValue)", "worker": "\(workerName)"]
    if let error { metadata["error"] = "\(error)" }
    return metadata
  }
}

// What the stream's writer needs of it.
extension WriterLease {
  /// `handler` gets the position that the writer starts from each time the lease is taken.
  func onAcquire(_ handler: @escaping @Sendable (_ position: Int64) -> Void) {
    state.withLock { $0.handlers.append(handler) }
  }

  /// Transactions begun whose end was not reported yet.
  var attempts: Int {
    state.withLock { $0.attempts + ($0.isInDoubt ? 1 : 0) }
  }

  /// The same, and forgets them.
  func takeAttempts() -> Int {
    state.withLock { state in
      defer {
        state.attempts = 0
        state.isInDoubt = false
      }
      return state.attempts + (state.isInDoubt ? 1 : 0)
    }
  }

  /// One of them has certainly written nothing.
  func endAttempt() {
    state.withLock { $0.attempts = max(0, $0.attempts - 1) }
  }

  /// Moves the database's position up while nothing is under way; nil when it could not.
  func settle() async throws -> Int64? {
    let epoch = state.withLock { $0.epoch }
    guard epoch > 0 else { return nil }
    return try await store.settle(epoch: epoch)
  }
}
