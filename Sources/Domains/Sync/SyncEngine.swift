package import Executors
package import MatrixIdentifiers
package import Postgres
import RoomEvents
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

  /// Those whom a user ignores.
  package typealias Ignored = @Sendable (UserID) async throws -> Set<UserID>

  let memory = SyncMemory()
  private let toldMembers = ToldMembers()
  private let flights: SyncFlights
  private let ignored: Ignored
  private let invitations: (any InvitePermissions)?
  let loader: MemoryLoader
  let reader: StreamReader<StoredEvent>
  private let providers: [any SyncProvider]
  private let decorations: SyncDecorations
  private let executor: LoopExecutor
  private let clock: any WallClock

  /// Follows `reader` from its present position on.
  /// - Parameters:
  ///   - providers: what the other streams add; each wakes those whom its news concern.
  ///   - answerLifetime: how long a client gets the same answer to the same request.
  package init(
    reader: StreamReader<StoredEvent>,
    providers: (SyncWaker) -> [any SyncProvider] = { _ in [] },
    decorations: SyncDecorations = .none, ignored: @escaping Ignored = { _ in [] },
    invitations: (any InvitePermissions)? = nil,
    answerLifetime: Duration = .zero,
    database: any Querying, executor: LoopExecutor, clock: any WallClock
  ) {
    self.ignored = ignored
    self.invitations = invitations
    flights = SyncFlights(limits: SyncFlights.Limits(lifetime: answerLifetime))
    self.reader = reader
    self.providers = providers(SyncWaker(memory: memory))
    self.decorations = decorations
    self.executor = executor
    self.clock = clock
    loader = MemoryLoader(memory: memory, database: database)
    let memory = memory
    memory.withState { $0.recentRooms.begin(at: reader.current) }
    reader.onInvalidate { batch in memory.apply(batch.rows.map(\.row)) }
    reader.onWake { batch in memory.wake(batch.rows.map(\.row)) }
  }

  /// Forgets what it remembers of rooms whose history has been taken away; of all rooms when it is
  /// not known which.
  package func forget(_ rooms: [String]?) {
    memory.withState { $0.forget(rooms.map { Set($0.compactMap { RoomID($0) }) }) }
  }

  /// Wakes those who wait for an answer.
  package var waker: SyncWaker { SyncWaker(memory: memory) }

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
    fileprivate enum Reason {
      /// For news.
      case news(Inquiry, SyncFlights.Flight, alarm: LoopExecutor.Scheduled)
      /// For the answer to the same request.
      case repetition(SyncRequest, SyncFlights.Flight, deadline: ContinuousClock.Instant)
    }

    package let waiter: Waiter<Bool>
    fileprivate let reason: Reason

    fileprivate init(_ waiter: Waiter<Bool>, _ reason: Reason) {
      self.waiter = waiter
      self.reason = reason
    }
  }

  /// A request on its way to an answer.
  fileprivate struct Inquiry {
    /// As the client made it.
    let original: SyncRequest
    /// From where on to look: there is nothing to tell up to here.
    var position: SyncToken?
    let deadline: ContinuousClock.Instant

    var request: SyncRequest {
      var request = original
      request.since = position
      return request
    }
  }

  package func begin(_ request: SyncRequest) async throws -> Outcome {
    try await begin(
      request, until: ContinuousClock.now.advanced(by: min(request.timeout, Self.longestPoll)))
  }

  private func begin(
    _ request: SyncRequest, until deadline: ContinuousClock.Instant
  ) async throws -> Outcome {
    switch flights.enter(request) {
    case .answered(let answer):
      return .answer(answer)
    case .repeated(let flight, let waiter):
      return .wait(Poll(waiter, .repetition(request, flight, deadline: deadline)))
    case .first(let flight):
      return try await ending(flight) {
        if let since = request.since {
          guard await hasCaughtUp(with: since) else {
            return .quiet(try await nothing(for: request, at: since))
          }
          for provider in providers {
            try await provider.acknowledge(request, since: since[provider.stream])
          }
        }
        let inquiry = Inquiry(original: request, position: request.since, deadline: deadline)
        return try await look(inquiry, flight)
      }
    }
  }

  /// - Parameter news: what the waiter was resolved with.
  package func resume(_ poll: Poll, news: Bool) async throws -> Outcome {
    switch poll.reason {
    case .repetition(let request, let flight, let deadline):
      flight.leave(poll.waiter)
      if let answer = flight.answer { return .answer(answer) }
      guard news else { throw CancellationError() }
      return try await begin(request, until: deadline)
    case .news(let inquiry, let flight, let alarm):
      alarm.cancel()
      forget(poll.waiter, of: inquiry.original.userID)
      return try await ending(flight) {
        if !news, let position = inquiry.position {
          return .quiet(try await nothing(for: inquiry.original, at: position))
        }
        return try await look(inquiry, flight)
      }
    }
  }

  package func abandon(_ poll: Poll) {
    switch poll.reason {
    case .repetition(_, let flight, _): flight.leave(poll.waiter)
    case .news(let inquiry, let flight, let alarm):
      alarm.cancel()
      forget(poll.waiter, of: inquiry.original.userID)
      flights.end(flight, with: nil)
    }
  }

  /// What looking for an answer came to.
  private enum Finding {
    case news([UInt8], mayKeep: Bool)
    /// The time is up, and nothing is new.
    case quiet([UInt8])
    case wait(Poll)
  }

  /// Takes a step that ends the flight unless there is more to wait for.
  private func ending(
    _ flight: SyncFlights.Flight, _ step: () async throws -> Finding
  ) async throws -> Outcome {
    do {
      switch try await step() {
      case .news(let bytes, let mayKeep):
        flights.end(flight, with: bytes, mayKeep: mayKeep)
        return .answer(bytes)
      case .quiet(let bytes):
        flights.end(flight, with: bytes)
        return .answer(bytes)
      case .wait(let poll):
        return .wait(poll)
      }
    } catch {
      flights.end(flight, with: nil)
      throw error
    }
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
    _ inquiry: Inquiry, _ flight: SyncFlights.Flight
  ) async throws -> Finding {
    let user = inquiry.original.userID
    // Whoever waits is registered before looking, so that nothing falls between.
    let waiter = register(user)
    var keepsWaiter = false
    defer { if !keepsWaiter { forget(waiter, of: user) } }
    let (answer, position) = try await compose(inquiry)
    if let answer {
      return .news(
        try await written(answer, for: inquiry.original, at: position),
        mayKeep: answer.news.toDevice.isEmpty)
    }
    // There was nothing to tell up to here, so what comes next is looked for from here on,
    // however long a filter lets nothing through.
    var inquiry = inquiry
    inquiry.position = position
    let left = inquiry.deadline - ContinuousClock.now
    guard left > .zero, !inquiry.original.fullState else {
      return .quiet(try await nothing(for: inquiry.original, at: position))
    }
    keepsWaiter = true
    let alarm = executor.schedule(after: left) { waiter.resolve(false) }
    return .wait(Poll(waiter, .news(inquiry, flight, alarm: alarm)))
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
    var next = position
    next.knowledge = toldMembers.note(answer.plan.newMembers, toldTo: request)
    var bundles = try await bundles(for: answer.plan, of: request.userID)
    try await hideErased(in: &answer.plan, &bundles)
    return SyncWriter(request: request, now: clock.now(), bundles: bundles)
      .write(answer, next: next)
  }

  private func bundles(for plan: Plan, of user: UserID) async throws -> EventBundles {
    let slices = plan.joined.map { ($0.0, $0.1.slice) } + plan.left
    let parents = slices.flatMap { $0.1.parents }
    guard !parents.isEmpty else { return .none }
    var histories: [RoomID: HistoryVisibility] = [:]
    for (room, slice) in slices { histories[room] = slice.history }
    return try await decorations.bundles(parents, user, histories)
  }

  /// Where this worker is in all streams.
  package var position: SyncToken {
    SyncToken(
      events: reader.current,
      others: Dictionary(uniqueKeysWithValues: providers.map { ($0.stream, $0.current) }))
  }

  /// The answer, or nil when there is nothing new up to the position.
  private func compose(_ inquiry: Inquiry) async throws -> (SyncAnswer?, SyncToken) {
    let request = inquiry.request
    try await loader.loadUser(request.userID)
    var syncReader = SyncReader(
      forgotten: try await forgottenRooms(for: request),
      ignored: try await ignored(request.userID),
      knownMembers: toldMembers.known(to: inquiry.original))
    var history: [SyncComposer.HistoryRequest: RoomHistory] = [:]
    for _ in 0..<Self.composeTries {
      let now = request.since.map { position.notBehind($0) } ?? position
      let composer = SyncComposer(
        request: request, since: request.since?.events, now: now.events,
        history: history, reader: syncReader)
      switch memory.withState({ composer.compose($0) }) {
      case .plan(var plan):
        try await withholdInvitations(from: request.userID, &plan)
        return try await addNews(to: plan, for: request, at: now)
      case .lacking(let rooms): try await loader.loadViews(rooms, for: request.userID)
      case .userNotLoaded: try await loader.loadUser(request.userID)
      case .lackingHistory(let requests):
        for wanted in requests {
          history[wanted] = try await loader.history(wanted, for: request, syncReader)
        }
      case .lackingRelations(let events):
        try await loader.lookUpRelations(of: events, for: request, &syncReader)
      case .ahead(let writer, let position):
        let wanted = now.events.advanced(writer, to: position)
        _ = await reader.waitUntil(covers: wanted, timeout: Self.catchUpPatience)
      }
    }
    throw Failure.unavailable
  }

  /// Who wants no invitations is not told of any.
  private func withholdInvitations(from user: UserID, _ plan: inout Plan) async throws {
    guard !plan.invited.isEmpty, let invitations,
      try await !invitations.blocking([user]).isEmpty
    else { return }
    plan.invited = []
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
        reached[provider.stream] = position
      }
      answer.news.add(news)
    }
    let isEmpty = answer.plan.isEmpty && answer.news.isEmpty
    return (isEmpty && request.since != nil ? nil : answer, reached)
  }

  /// Rooms of which a client that gets everything is not told. Other workers may know of them since
  /// the user's rooms were loaded, so they are looked up; most users have none to ask about.
  private func forgottenRooms(for request: SyncRequest) async throws -> Set<RoomID> {
    guard request.since == nil || request.fullState && request.filter.includesLeft else {
      return []
    }
    let hasLeft = memory.withState { state in
      state.users[request.userID]?.memberships.values.contains { row in
        [Membership.leave, Membership.ban].contains(row.membership) && row.isOldNews(to: request)
      } ?? false
    }
    guard hasLeft else { return [] }
    let rows = try await loader.memberships.rooms(
      of: request.userID, memberships: [Membership.leave, Membership.ban])
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
