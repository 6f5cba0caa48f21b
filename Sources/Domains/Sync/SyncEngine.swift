package import Executors
import MatrixIdentifiers
package import Postgres
package import Rooms
package import Streams

/// Answers /sync on any worker: from memory when the worker has it, waiting for the streams when
/// there is nothing to tell.
package final class SyncEngine: Sendable {
  /// How long a client's token from another worker is waited for.
  static let catchUpPatience = Duration.seconds(10)
  /// Longer waits are cut to this, so that no connection is held for ever.
  package static let longestPoll = Duration.seconds(180)
  /// Tries to bring memory and request together before giving up.
  private static let composeTries = 20

  package enum Failure: Error, Sendable {
    /// Memory could not be brought to one position; the client should ask again.
    case unavailable
  }

  let memory = SyncMemory()
  private let loader: MemoryLoader
  private let reader: StreamReader<StoredEvent>
  private let providers: [any SyncProvider]
  private let decorations: SyncDecorations
  private let executor: LoopExecutor
  private let clock: any WallClock

  /// Follows `reader` from its present position on.
  /// - Parameter providers: what the other streams add; each wakes those whom its news concern.
  package init(
    reader: StreamReader<StoredEvent>,
    providers: (SyncWaker) -> [any SyncProvider] = { _ in [] },
    decorations: SyncDecorations = .none, database: any Querying, executor: LoopExecutor,
    clock: any WallClock
  ) {
    self.reader = reader
    self.providers = providers(SyncWaker(memory: memory))
    self.decorations = decorations
    self.executor = executor
    self.clock = clock
    loader = MemoryLoader(
      memory: memory, snapshots: RoomSnapshotStore(database: database),
      events: EventStore(database: database), memberships: MembershipStore(database: database),
      states: StateStore(database: database))
    let memory = memory
    memory.withState { $0.recentRooms.begin(at: reader.current) }
    reader.onInvalidate { batch in memory.apply(batch.rows.map(\.row)) }
    reader.onWake { batch in memory.wake(batch.rows.map(\.row)) }
  }

  /// Answers everybody who waits, because the worker is stopping.
  package func drain() {
    memory.drain()
  }

  /// What there is to tell, or what to wait for.
  package enum Outcome: Sendable {
    /// The answer's JSON.
    case answer([UInt8])
    /// Nothing is new: `resume` when the poll's waiter is resolved, or `abandon`.
    case wait(Poll)
  }

  /// A request that waits, without a task; an object, as several closures hold it.
  package final class Poll: Sendable {
    package let waiter: Waiter<Bool>
    fileprivate let request: SyncRequest
    fileprivate let deadline: ContinuousClock.Instant
    fileprivate let alarm: LoopExecutor.Scheduled

    fileprivate init(
      _ waiter: Waiter<Bool>, _ request: SyncRequest, deadline: ContinuousClock.Instant,
      alarm: LoopExecutor.Scheduled
    ) {
      self.waiter = waiter
      self.request = request
      self.deadline = deadline
      self.alarm = alarm
    }
  }

  package func begin(_ request: SyncRequest) async throws -> Outcome {
    let deadline = ContinuousClock.now.advanced(by: min(request.timeout, Self.longestPoll))
    if let since = request.since {
      guard await hasCaughtUp(with: since) else {
        return .answer(try await nothing(for: request, at: since))
      }
      for provider in providers {
        try await provider.acknowledge(request, since: since[provider.stream])
      }
    }
    return try await look(request, until: deadline)
  }

  /// - Parameter news: what the waiter was resolved with.
  package func resume(_ poll: Poll, news: Bool) async throws -> Outcome {
    abandon(poll)
    if !news, let position = poll.request.since {
      return .answer(try await nothing(for: poll.request, at: position))
    }
    return try await look(poll.request, until: poll.deadline)
  }

  package func abandon(_ poll: Poll) {
    poll.alarm.cancel()
    forget(poll.waiter, of: poll.request.userID)
  }

  /// The answer's JSON, for callers that hold their task while they wait.
  package func sync(_ request: SyncRequest) async throws -> [UInt8] {
    var outcome = try await begin(request)
    while true {
      switch outcome {
      case .answer(let bytes): return bytes
      case .wait(let poll):
        let news = await poll.waiter.value(ifCancelled: false)
        outcome = try await resume(poll, news: news)
      }
    }
  }

  private func look(
    _ original: SyncRequest, until deadline: ContinuousClock.Instant
  ) async throws -> Outcome {
    // Whoever waits is registered before looking, so that nothing falls between.
    let waiter = register(original.userID)
    var keepsWaiter = false
    defer { if !keepsWaiter { forget(waiter, of: original.userID) } }
    let (answer, position) = try await compose(original)
    if let answer { return .answer(try await written(answer, for: original, at: position)) }
    // There was nothing to tell up to here, so what comes next is looked for from here on,
    // however long a filter lets nothing through.
    var request = original
    request.since = position
    let left = deadline - ContinuousClock.now
    guard left > .zero else { return .answer(try await nothing(for: request, at: position)) }
    keepsWaiter = true
    let alarm = executor.schedule(after: left) { waiter.resolve(false) }
    return .wait(Poll(waiter, request, deadline: deadline, alarm: alarm))
  }

  private func hasCaughtUp(with token: SyncToken) async -> Bool {
    let patience = Self.catchUpPatience
    guard await reader.waitUntil(covers: token.events, timeout: patience) else { return false }
    for provider in providers {
      guard await provider.waitUntil(covers: token[provider.stream], timeout: patience) else {
        return false
      }
    }
    return true
  }

  private func nothing(for request: SyncRequest, at position: SyncToken) async throws -> [UInt8] {
    try await written(SyncAnswer(plan: Plan(), news: SyncNews()), for: request, at: position)
  }

  private func written(
    _ answer: SyncAnswer, for request: SyncRequest, at position: SyncToken
  ) async throws -> [UInt8] {
    var answer = answer
    let rooms = answer.joinedRooms
    if !rooms.isEmpty { answer.unread = try await decorations.unread(request.userID, rooms) }
    if let device = request.deviceID {
      answer.keys = try await decorations.keys(request.userID, device)
    }
    return SyncWriter(request: request, now: clock.now()).write(answer, next: position)
  }

  /// Where this worker is in all streams.
  private var position: SyncToken {
    SyncToken(
      events: reader.current,
      others: Dictionary(uniqueKeysWithValues: providers.map { ($0.stream, $0.current) }))
  }

  /// The answer, or nil when there is nothing new up to the position.
  private func compose(_ request: SyncRequest) async throws -> (SyncAnswer?, SyncToken) {
    try await loader.loadUser(request.userID)
    let forgotten = try await forgottenRooms(for: request)
    var history: [SyncComposer.HistoryRequest: RoomHistory] = [:]
    for _ in 0..<Self.composeTries {
      let now = position
      let composer = SyncComposer(
        request: request, since: request.since?.events, now: now.events,
        history: history, forgotten: forgotten)
      switch memory.withState({ composer.compose($0) }) {
      case .plan(let plan):
        return try await addNews(to: plan, for: request, at: now)
      case .lacking(let rooms): try await loader.loadViews(rooms, for: request.userID)
      case .userNotLoaded: try await loader.loadUser(request.userID)
      case .lackingHistory(let requests):
        for wanted in requests {
          history[wanted] = try await loader.history(wanted, for: request)
        }
      case .ahead(let writer, let position):
        let wanted = now.events.advanced(writer, to: position)
        _ = await reader.waitUntil(covers: wanted, timeout: Self.catchUpPatience)
      }
    }
    throw Failure.unavailable
  }

  private func addNews(
    to plan: Plan, for request: SyncRequest, at now: SyncToken
  ) async throws -> (SyncAnswer?, SyncToken) {
    var (answer, reached) = (SyncAnswer(plan: plan, news: SyncNews()), now)
    for provider in providers {
      let news = try await provider.news(
        for: ProviderRequest(
          sync: request, since: request.since?[provider.stream], now: now[provider.stream],
          eventsSince: request.since?.events, eventsNow: now.events, rooms: plan.memberships,
          entered: plan.entered))
      if let position = news.reached {
        reached[provider.stream] = VectorToken(minimum: position)
      }
      answer.news.add(news)
    }
    let isEmpty = answer.plan.isEmpty && answer.news.isEmpty
    return (isEmpty && request.since != nil ? nil : answer, reached)
  }

  private func forgottenRooms(for request: SyncRequest) async throws -> Set<RoomID> {
    guard request.since == nil, request.filter.includesLeft else { return [] }
    let rows = try await loader.memberships.rooms(
      of: request.userID, memberships: ["leave", "ban"])
    return Set(rows.filter(\.isForgotten).map(\.roomID))
  }

  private func register(_ user: UserID) -> Waiter<Bool> {
    let waiter = Waiter<Bool>()
    memory.withState { state in
      state.waiters[user, default: [:]][ObjectIdentifier(waiter)] = waiter
      if state.isDraining { waiter.resolve(false) }
    }
    return waiter
  }

  private func forget(_ waiter: Waiter<Bool>, of user: UserID) {
    memory.withState { state in
      state.waiters[user]?[ObjectIdentifier(waiter)] = nil
      if state.waiters[user]?.isEmpty == true { state.waiters[user] = nil }
    }
  }
}
