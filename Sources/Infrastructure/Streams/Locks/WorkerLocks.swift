import Executors
package import Postgres

/// What locks between processes are for.
package enum LockName: String, Sendable {
  /// A room's stored history, by its id: whoever takes parts of it away holds it alone, whoever
  /// relies on finding them shares it.
  case roomHistory = "room_history"
}

package enum LockMode: Sendable {
  case shared
  case exclusive
}

package enum LockError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Others held it for longer than the caller would wait.
  case busy
  /// The process did not renew it in time and another one has it now.
  case lost

  package var description: String {
    switch self {
    case .busy: "others are at work on this; try again later"
    case .lost: "the lock has been lost to another process"
    }
  }
}

/// The rhythms of locks. Tests shorten them.
package struct LockTiming: Sendable {
  /// How long a lock outlives its holder.
  package let lease: Duration
  package let renewal: Duration

  package init(lease: Duration = .seconds(10), renewal: Duration = .seconds(3)) {
    self.lease = lease
    self.renewal = renewal
  }
}

/// Locks that hold over all processes, kept in the database: each ends some time after its holder
/// has. They lie beside the leases of writers, whose rule they share: what may only happen under a
/// lock happens in a transaction that begins with its fence, so that a process that was paused for
/// too long cannot write.
///
/// Several may share a lock, or one holds it alone. Who waits to hold it alone is not overtaken.
package struct WorkerLocks: Sendable {
  private static let firstPause = Duration.milliseconds(10)
  private static let longestPause = Duration.milliseconds(500)

  private let database: Database
  private let timing: LockTiming

  package init(database: Database, timing: LockTiming = LockTiming()) {
    self.database = database
    self.timing = timing
  }

  /// Runs `body` while holding the lock, which is renewed meanwhile. `body` is cancelled when the
  /// lock is lost.
  /// - Parameter patience: how long to wait for it.
  /// - Throws: `LockError`, `PostgresError`, `CancellationError`, and what `body` throws.
  package func withLock<Value: Sendable>(
    _ name: LockName, _ key: String, _ mode: LockMode, patience: Duration,
    _ body: @escaping @Sendable (HeldLock) async throws -> Value
  ) async throws -> Value {
    let store = LockStore(
      name: name, key: key, token: .random(in: 1 ... .max), database: database)
    do {
      try await acquire(store, mode, patience)
      let value = try await hold(store, body)
      try? await store.release()
      return value
    } catch {
      try? await store.release()
      throw error
    }
  }

  private func acquire(
    _ store: LockStore, _ mode: LockMode, _ patience: Duration
  ) async throws {
    let deadline = ContinuousClock.now + patience
    var backoff = Backoff(first: Self.firstPause, ceiling: Self.longestPause)
    while try await !store.acquire(mode, lease: timing.lease) {
      let pause = backoff.delay(random: .random(in: 0..<1))
      guard ContinuousClock.now + pause < deadline else { throw LockError.busy }
      try await Task.sleep(for: pause)
    }
  }

  private func hold<Value: Sendable>(
    _ store: LockStore, _ body: @escaping @Sendable (HeldLock) async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await body(HeldLock(store: store)) }
      group.addTask {
        try await keepRenewing(store)
        return nil
      }
      defer { group.cancelAll() }
      while let ended = try await group.next() {
        if let ended { return ended }
      }
      throw CancellationError()
    }
  }

  /// Ends by throwing only. A database that is away is no reason to: nobody else can take the lock
  /// then either.
  private func keepRenewing(_ store: LockStore) async throws {
    while true {
      try await Task.sleep(for: timing.renewal)
      let isHeld = (try? await store.renew(lease: timing.lease)) ?? true
      guard isHeld else { throw LockError.lost }
    }
  }
}

/// A lock while it is held.
package struct HeldLock: Sendable {
  fileprivate let store: LockStore

  /// The first statement of a transaction that may only happen under the lock: SQLSTATE AP001 when
  /// it was lost. Until the transaction's end nobody else gets the lock.
  package func fence() -> Query {
    store.fence()
  }
}
