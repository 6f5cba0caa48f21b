import Executors
import Logging
import MatrixIdentifiers
import Streams
import Synchronization

/// Writes what changes to the database, many users at once and each user's last record only:
/// a change is seldom worth a write of its own. Of what a killed process had not written, only
/// the times of last activity are lost, as its successor finds out anew who is there.
final class PresenceJournal: Sendable {
  /// How long a change may wait for others.
  private static let pause = Duration.seconds(5)
  /// Users of one statement.
  private static let batchLimit = 500
  private static let retryPause = Duration.seconds(1)

  private struct State {
    /// Bounded by the users that the owner follows.
    var records: [UserID: PresenceRecord] = [:]
    var waiters: [Waiter<Bool>] = []
  }

  private let store: PresenceStore
  private let clock: any WallClock
  private let logger: Logger
  private let state = Mutex(State())
  private let hasChanges = Wakeup()
  private let isUrgent = Wakeup()

  init(store: PresenceStore, clock: any WallClock, logger: Logger) {
    self.store = store
    self.clock = clock
    self.logger = logger
  }

  func note(_ records: [UserID: PresenceRecord]) {
    guard !records.isEmpty else { return }
    state.withLock { $0.records.merge(records) { $1 } }
    hasChanges.raise()
  }

  /// What waits to be written; the database has something older.
  func record(of user: UserID) -> PresenceRecord? {
    state.withLock { $0.records[user] }
  }

  /// Returns when all that has been noted is in the database.
  /// - Returns: false when that failed.
  func flushed() async -> Bool {
    let waiter = Waiter<Bool>()
    state.withLock { $0.waiters.append(waiter) }
    isUrgent.raise()
    hasChanges.raise()
    return await waiter.value(ifCancelled: false)
  }

  /// Writes until the task is cancelled, and then once more.
  func run() async {
    while !Task.isCancelled {
      await hasChanges.wait(atMost: .seconds(3600))
      if !Task.isCancelled { await isUrgent.wait(atMost: Self.pause) }
      if await !flush(), !Task.isCancelled {
        try? await Task.sleep(for: Self.retryPause)
        hasChanges.raise()
      }
    }
  }

  /// - Returns: false when something could not be written and still waits.
  private func flush() async -> Bool {
    let (records, waiters) = state.withLock { state in
      defer { state = State() }
      return (state.records, state.waiters)
    }
    var rest = Array(records)[...]
    do {
      while !rest.isEmpty {
        let batch = Dictionary(rest.prefix(Self.batchLimit).map { ($0.key, $0.value) }) { $1 }
        try await store.write(batch, at: clock.now())
        rest = rest.dropFirst(Self.batchLimit)
      }
    } catch {
      logger.warning(
        "could not write who is there",
        metadata: ["count": "\(rest.count)", "error": "\(error)"])
      // What has changed meanwhile is newer.
      state.withLock { state in
        for (user, record) in rest where state.records[user] == nil {
          state.records[user] = record
        }
      }
    }
    for waiter in waiters { waiter.resolve(rest.isEmpty) }
    return rest.isEmpty
  }
}
