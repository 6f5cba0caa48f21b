package import Executors
import MatrixIdentifiers
package import Postgres
package import Rooms
package import Streams

/// Answers /sync on any worker: from memory when the worker has it, waiting for the stream when
/// there is nothing to tell.
package final class SyncEngine: Sendable {
  /// How long a client's token from another worker is waited for.
  static let catchUpPatience = Duration.seconds(10)
  /// Longer waits are cut to this, so that no connection is held for ever.
  static let longestPoll = Duration.seconds(180)
  /// Tries to bring memory and request together before giving up.
  private static let composeTries = 20

  package enum Failure: Error, Sendable {
    /// Memory could not be brought to one position; the client should ask again.
    case unavailable
  }

  let memory = SyncMemory()
  private let loader: MemoryLoader
  private let reader: StreamReader<StoredEvent>
  private let executor: LoopExecutor
  private let clock: any WallClock
  private let start: VectorToken

  /// Follows `reader` from its present position on.
  package init(
    reader: StreamReader<StoredEvent>, database: any Querying, executor: LoopExecutor,
    clock: any WallClock
  ) {
    self.reader = reader
    self.executor = executor
    self.clock = clock
    loader = MemoryLoader(
      memory: memory, snapshots: RoomSnapshotStore(database: database),
      events: EventStore(database: database), memberships: MembershipStore(database: database),
      states: StateStore(database: database))
    start = reader.current
    let memory = memory
    reader.onInvalidate { batch in memory.apply(batch.rows.map(\.row)) }
    reader.onWake { batch in memory.wake(batch.rows.map(\.row)) }
  }

  /// Answers everybody who waits, because the worker is stopping.
  package func drain() {
    memory.drain()
  }

  /// The answer's JSON.
  package func sync(_ original: SyncRequest) async throws -> [UInt8] {
    var request = original
    let deadline = ContinuousClock.now.advanced(by: min(request.timeout, Self.longestPoll))
    if let since = request.since {
      guard await reader.waitUntil(covers: since.events, timeout: Self.catchUpPatience) else {
        return nothing(for: request, at: since.events)
      }
    }
    while true {
      let waiter = Waiter<Bool>()
      let (answer, position) = try await compose(request, waitingWith: waiter)
      if let answer { return answer }
      // There was nothing to tell up to here, so what comes next is looked for from here on,
      // however long a filter lets nothing through.
      request.since = SyncToken(events: position)
      let left = deadline - ContinuousClock.now
      guard left > .zero, await wait(for: waiter, user: request.userID, atMost: left) else {
        forget(waiter, of: request.userID)
        return nothing(for: request, at: position)
      }
      forget(waiter, of: request.userID)
    }
  }

  private func nothing(for request: SyncRequest, at position: VectorToken) -> [UInt8] {
    SyncWriter(request: request, now: clock.now()).write(Plan(), next: position)
  }

  /// The answer, or nil when there is nothing new up to the position; then `waiter` has been
  /// registered in the same step, so that no event falls between.
  private func compose(
    _ request: SyncRequest, waitingWith waiter: Waiter<Bool>
  ) async throws -> ([UInt8]?, VectorToken) {
    try await loader.loadUser(request.userID)
    let forgotten = try await forgottenRooms(for: request)
    var history: [SyncComposer.HistoryRequest: RoomHistory] = [:]
    for _ in 0..<Self.composeTries {
      let now = reader.current
      let composer = SyncComposer(
        request: request, since: request.since?.events, now: now, start: start,
        history: history, forgotten: forgotten, timeMilliseconds: clock.now())
      switch attempt(composer, waitingWith: waiter) {
      case .answer(let bytes): return (bytes, now)
      case .nothingNew: return (nil, now)
      case .lacking(let rooms): try await loader.loadViews(rooms, for: request.userID)
      case .userNotLoaded: try await loader.loadUser(request.userID)
      case .lackingHistory(let requests):
        for wanted in requests {
          history[wanted] = try await loader.history(wanted, for: request)
        }
      case .ahead(let writer, let position):
        let wanted = now.advanced(writer, to: position)
        _ = await reader.waitUntil(covers: wanted, timeout: Self.catchUpPatience)
      }
    }
    throw Failure.unavailable
  }

  private func attempt(
    _ composer: SyncComposer, waitingWith waiter: Waiter<Bool>
  ) -> SyncComposer.Outcome {
    memory.withState { state in
      let outcome = composer.compose(state)
      if case .nothingNew = outcome {
        let user = composer.request.userID
        state.waiters[user, default: [:]][ObjectIdentifier(waiter)] = waiter
        if state.isDraining { waiter.resolve(false) }
      }
      return outcome
    }
  }

  private func forgottenRooms(for request: SyncRequest) async throws -> Set<RoomID> {
    guard request.since == nil, request.filter.includesLeft else { return [] }
    let rows = try await loader.memberships.rooms(
      of: request.userID, memberships: ["leave", "ban"])
    return Set(rows.filter(\.isForgotten).map(\.roomID))
  }

  /// False when the time is up or the worker is stopping.
  private func wait(
    for waiter: Waiter<Bool>, user: UserID, atMost time: Duration
  ) async -> Bool {
    let alarm = executor.schedule(after: time) { waiter.resolve(false) }
    let news = await waiter.value(ifCancelled: false)
    alarm.cancel()
    return news
  }

  private func forget(_ waiter: Waiter<Bool>, of user: UserID) {
    memory.withState { state in
      state.waiters[user]?[ObjectIdentifier(waiter)] = nil
      if state.waiters[user]?.isEmpty == true { state.waiters[user] = nil }
    }
  }
}
