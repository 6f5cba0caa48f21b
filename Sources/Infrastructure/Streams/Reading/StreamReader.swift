import Executors
import Logging
import Synchronization

/// Follows one stream for this process. Whoever depends on it registers handlers; for each
/// batch the handlers of `onInvalidate` run first, then `current` moves and those of `onAdvance`
/// run, then those of `onWake`, all in one go on the loop.
package final class StreamReader<Row: Sendable>: Sendable {
  package typealias Handler = @Sendable (StreamBatch<Row>) -> Void
  typealias Machine = StreamReaderMachine<Row>

  private struct Handlers {
    var invalidate: [Handler] = []
    var advance: [Handler] = []
    var wake: [Handler] = []

    var isEmpty: Bool { invalidate.isEmpty && advance.isEmpty && wake.isEmpty }
  }

  private struct State {
    var machine = Machine()
    var current = VectorToken(minimum: 0)
    var handlers = Handlers()
    /// What the machine decided and is not carried out yet, in order.
    var actions: [Machine.Action] = []
    var isCarryingOut = false
    var waiting: [(token: VectorToken, waiter: Waiter<Bool>)] = []
    var failureIsLogged = false
    /// Batches of rows that came over the bus and were not known yet.
    var receivedBatches = 0
  }

  let definition: StreamDefinition<Row>
  private let requestPoll: @Sendable () -> Void
  private let isInStep: @Sendable () -> Bool
  private let logger: Logger
  private let state = Mutex(State())
  /// At most one gap of each writer is under way, so this is bounded by the limit of writers.
  private let gaps: AsyncStream<StreamGap>
  private let newGap: AsyncStream<StreamGap>.Continuation

  init(
    _ definition: StreamDefinition<Row>, requestPoll: @escaping @Sendable () -> Void,
    isInStep: @escaping @Sendable () -> Bool, logger: Logger
  ) {
    self.definition = definition
    self.requestPoll = requestPoll
    self.isInStep = isInStep
    self.logger = logger
    (gaps, newGap) = AsyncStream.makeStream()
  }

  package var name: StreamName {
    definition.name
  }

  /// Up to where everything has been delivered to the handlers.
  package var current: VectorToken {
    state.withLock { $0.current }
  }

  /// Whether rows come as they are written, and none is known to be missing. While the bus is away
  /// they are looked up now and then.
  package var isHearing: Bool {
    isInStep() && state.withLock { $0.machine.lag == 0 }
  }

  /// Where each known writer is; never behind what has been delivered.
  var positions: [WriterID: Int64] {
    state.withLock { $0.machine.positions }
  }

  var facts: ReplicationFacts.Stream {
    state.withLock { state in
      ReplicationFacts.Stream(
        name: name, position: state.current.minimum, lag: state.machine.lag,
        waiting: state.machine.waiting, received: state.receivedBatches)
    }
  }

  package func onInvalidate(_ handler: @escaping Handler) {
    state.withLock { $0.handlers.invalidate.append(handler) }
  }

  package func onAdvance(_ handler: @escaping Handler) {
    state.withLock { $0.handlers.advance.append(handler) }
  }

  package func onWake(_ handler: @escaping Handler) {
    state.withLock { $0.handlers.wake.append(handler) }
  }

  /// Looks up gaps until the task is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      for await gap in gaps {
        group.addTask { await self.fill(gap) }
      }
    }
  }

  /// What the writer in this process has committed.
  func received(_ batch: StreamBatch<Row>) {
    feed { $0.received(batch) }
  }

  func polled(_ positions: [WriterID: Int64]) {
    feed { $0.polled(positions) }
  }

  /// A message from the bus; those of other streams are ignored.
  func received(_ message: ReplicationMessage) {
    switch message {
    case .rows(definition.name, let writer, let previous, let position, let bytes):
      guard !hasReached(writer, position) else { return }
      state.withLock { $0.receivedBatches += 1 }
      received(batch(writer, previous, position, bytes))
    case .position(definition.name, let writer, let previous, let position):
      received(
        StreamBatch(writer: writer, previous: previous, position: position, rows: []))
    case .rows, .position, .replicate, .invalidate:
      break
    }
  }

  private func hasReached(_ writer: WriterID, _ position: Int64) -> Bool {
    state.withLock { $0.machine.hasReached(writer, position) }
  }

  /// Rows that cannot be read are looked up in the database instead. A process in which nobody
  /// looks at rows only keeps the position.
  private func batch(
    _ writer: WriterID, _ previous: Int64, _ position: Int64, _ bytes: [UInt8]
  ) -> StreamBatch<Row> {
    if state.withLock({ $0.handlers.isEmpty }) {
      return StreamBatch(writer: writer, previous: previous, position: position, rows: [])
    }
    do {
      let rows = try RowsCodec.decode(bytes, with: definition.decode)
      return StreamBatch(writer: writer, previous: previous, position: position, rows: rows)
    } catch {
      logger.warning(
        "cannot read the rows of a message",
        metadata: ["stream": "\(definition.name.rawValue)", "writer": "\(writer)"])
      return StreamBatch(writer: writer, previous: position, position: position, rows: [])
    }
  }
}

// Waiting for a position.
extension StreamReader {
  /// Tasks that wait for a position; further ones are told at once that it was not reached.
  private static var waitingLimit: Int { 10_000 }

  /// Waits until all that `token` stands for has been delivered here.
  /// - Parameter asking: whether the database is asked for it at once, or only the bus listened to.
  /// - Returns: false when it is not so within `timeout`.
  package func waitUntil(
    covers token: VectorToken, timeout: Duration, asking: Bool = true
  ) async -> Bool {
    let waiter = Waiter<Bool>()
    let isBehind = state.withLock { state in
      guard !token.isCovered(by: state.current), state.waiting.count < Self.waitingLimit
      else { return false }
      state.waiting.append((token, waiter))
      return true
    }
    guard isBehind else { return token.isCovered(by: current) }
    if asking { requestPoll() }
    let isCovered = await waiter.value(within: timeout, otherwise: false)
    if !isCovered {
      state.withLock { $0.waiting.removeAll { $0.waiter === waiter } }
    }
    return isCovered
  }

  /// Whether a task waits for a position.
  var isAwaited: Bool {
    state.withLock { !$0.waiting.isEmpty }
  }

  private func release(at token: VectorToken) {
    let covered = state.withLock { state in
      guard !state.waiting.isEmpty else { return [Waiter<Bool>]() }
      let covered = state.waiting.filter { $0.token.isCovered(by: token) }
      state.waiting.removeAll { $0.token.isCovered(by: token) }
      return covered.map(\.waiter)
    }
    for waiter in covered { waiter.resolve(true) }
  }
}

// Carrying out what the machine decides.
extension StreamReader {
  private func feed(_ input: (inout Machine) -> [Machine.Action]) {
    let isIdle = state.withLock { state in
      state.actions += input(&state.machine)
      defer { state.isCarryingOut = true }
      return !state.isCarryingOut
    }
    // A handler that feeds the machine again only adds to the list, so that order is kept.
    if isIdle { carryOut() }
  }

  private func carryOut() {
    while let action = nextAction() {
      switch action {
      case .deliver(let batch, let token):
        deliver(batch, token)
      case .settle(let token):
        state.withLock { $0.current = token }
        release(at: token)
      case .fetch(let gap):
        newGap.yield(gap)
      }
    }
  }

  private func nextAction() -> Machine.Action? {
    state.withLock { state in
      guard state.actions.isEmpty else { return state.actions.removeFirst() }
      state.isCarryingOut = false
      return nil
    }
  }

  private func deliver(_ batch: StreamBatch<Row>, _ token: VectorToken) {
    let handlers = state.withLock { $0.handlers }
    for handler in handlers.invalidate { handler(batch) }
    state.withLock { $0.current = token }
    for handler in handlers.advance { handler(batch) }
    for handler in handlers.wake { handler(batch) }
    release(at: token)
  }

  private func fill(_ gap: StreamGap) async {
    do {
      let page = try await definition.page(of: gap)
      state.withLock { $0.failureIsLogged = false }
      feed { $0.fetched(gap, rows: page.rows, reached: page.reached) }
    } catch {
      state.withLock { $0.machine.fetchFailed(gap) }
      logFailure(error)
    }
  }

  private func logFailure(_ error: any Error) {
    let isFirst = state.withLock { state in
      defer { state.failureIsLogged = true }
      return !state.failureIsLogged
    }
    guard !Task.isCancelled else { return }
    logger.log(
      level: isFirst ? .warning : .debug, "cannot look up rows of a stream",
      metadata: ["stream": "\(definition.name.rawValue)", "error": "\(error)"])
  }
}
