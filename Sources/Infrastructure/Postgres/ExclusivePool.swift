import Executors
import NIOCore
import Synchronization

/// The connections that transactions hold one at a time, opened when first needed.
final class ExclusivePool: Sendable {
  typealias Answer = Result<Wire, PostgresError>

  private struct State {
    var idle: [Wire] = []
    /// Every connection that is open: idle or held.
    var open: [Wire] = []
    var waiting = Fifo<Waiter<Answer?>>()
    var openers: [Int: Task<Void, Never>] = [:]
    var lastOpener = 0
    /// Since when no connection could be opened although there was none.
    var downSince: NIODeadline?
    var lastFailure = (at: NIODeadline.uptimeNanoseconds(0), error: PostgresError.connectionLost)
    var isClosed = false
  }

  private let context: ConnectionContext
  private let limit: Int
  private let state = Mutex(State())

  init(_ context: ConnectionContext, limit: Int) {
    self.context = context
    self.limit = max(limit, 1)
  }

  /// Begins to open `minimum` connections.
  func start(minimum: Int) {
    for _ in 0..<min(minimum, limit) { addOpener(evenIfUnwanted: true) }
  }

  func shutdown() async {
    let (open, waiting, openers) = state.withLock { state in
      state.isClosed = true
      return (state.open, state.waiting.removeAll(), Array(state.openers.values))
    }
    for waiter in waiting { waiter.resolve(.failure(.shutDown)) }
    for opener in openers { opener.cancel() }
    for opener in openers { await opener.value }
    for wire in open { await context.finish(wire) }
  }

  /// How many connections are held by transactions.
  var held: Int { counts.held }

  /// Connections that are open, those of them that transactions hold, and who waits for one.
  var counts: (open: Int, held: Int, waiting: Int) {
    state.withLock { ($0.open.count, $0.open.count - $0.idle.count, $0.waiting.count) }
  }

  func closeSilent(for limit: TimeAmount) {
    let now = NIODeadline.now()
    for wire in state.withLock({ $0.open }) { wire.closeIfSilent(for: limit, now: now) }
  }

  /// Waits for a connection; give it back with `release`.
  /// - Throws: `PostgresError` (`overloaded`, `unavailable`) or `CancellationError`.
  func acquire() async throws -> Wire {
    enum Start {
      case ready(Wire)
      case wait(Waiter<Answer?>)
      case refuse(PostgresError)
    }
    let start: Start = state.withLock { state in
      if state.isClosed { return .refuse(.shutDown) }
      if let wire = state.idle.popLast() { return .ready(wire) }
      guard state.waiting.count < Limits.waitingTransactions else {
        return .refuse(.tooMuchWork("transactions wait for a connection"))
      }
      let waiter = Waiter<Answer?>()
      state.waiting.append(waiter)
      return .wait(waiter)
    }
    switch start {
    case .ready(let wire): return wire
    case .refuse(let error): throw error
    case .wait(let waiter):
      addOpener()
      refuseWhenDown()
      return try await wait(waiter)
    }
  }

  /// Takes a connection back; one that is not quiet is closed instead of used again.
  func release(_ wire: Wire) {
    context.onLoop { [self] in
      if wire.isQuiet { handOut(wire) } else { wire.close() }
    }
  }

  private func wait(_ waiter: Waiter<Answer?>) async throws -> Wire {
    let timeout = context.loop.scheduleTask(in: Limits.acquireTimeout.amount) {
      _ = waiter.resolve(.failure(.tooMuchWork("transactions hold the connections for too long")))
    }
    defer { timeout.cancel() }
    guard let answer = await waiter.value(ifCancelled: nil) else { throw CancellationError() }
    return try answer.get()
  }

  /// Gives a quiet connection to who waits longest, or keeps it.
  private func handOut(_ wire: Wire) {
    while true {
      let waiter = state.withLock { state in
        if let waiter = state.waiting.popFirst() { return Optional(waiter) }
        state.idle.append(wire)
        return nil
      }
      guard let waiter else { return }
      if waiter.resolve(.success(wire)) { return }
    }
  }

  /// Starts another attempt to open a connection if somebody waits and the limit allows it.
  private func addOpener(evenIfUnwanted: Bool = false) {
    state.withLock { state in
      let wanted = evenIfUnwanted || state.waiting.count > state.openers.count
      guard wanted, !state.isClosed, state.open.count + state.openers.count < limit else { return }
      state.lastOpener += 1
      let number = state.lastOpener
      state.openers[number] = Task(executorPreference: context.executor) { await self.open(number) }
    }
  }

  private func open(_ number: Int) async {
    while !Task.isCancelled {
      do {
        let wire = try await context.connect()
        return await admit(wire, number)
      } catch {
        guard noteFailure(error, of: number) else { return }
        await context.reconnectPause.wait(random: .random(in: 0..<1))
      }
    }
    state.withLock { $0.openers[number] = nil }
  }

  private func admit(_ wire: Wire, _ number: Int) async {
    await withCheckedContinuation { continuation in
      context.onLoop { [self] in
        wire.onClose = { [self] wire, unanswered in
          for exchange in unanswered { exchange.finish(.lost(.connectionLost)) }
          remove(wire)
        }
        let isClosed = state.withLock { state in
          state.openers[number] = nil
          state.open.append(wire)
          state.downSince = nil
          return state.isClosed
        }
        wire.attach()
        if isClosed { wire.close() } else if !wire.isClosed { handOut(wire) }
        continuation.resume()
      }
    }
  }

  private func remove(_ wire: Wire) {
    state.withLock { state in
      state.idle.removeAll { $0 === wire }
      state.open.removeAll { $0 === wire }
    }
    addOpener()
  }

  /// True when the opener should try again: while somebody waits, or the outage is young.
  private func noteFailure(_ error: any Error, of number: Int) -> Bool {
    let goOn = state.withLock { state in
      state.lastFailure = (.now(), error as? PostgresError ?? .connectionLost)
      if state.open.isEmpty, state.downSince == nil { state.downSince = .now() }
      let goOn = !state.isClosed && !state.waiting.isEmpty
      if !goOn { state.openers[number] = nil }
      return goOn
    }
    refuseWhenDown()
    return goOn
  }

  /// Once an outage has lasted too long, nobody waits for its end. Openers try only while
  /// somebody asks, so what they found out some time ago does not count.
  private func refuseWhenDown() {
    let now = NIODeadline.now()
    let (refused, error) = state.withLock { state in
      guard let since = state.downSince, now - since > Limits.outageGrace.amount,
        now - state.lastFailure.at < Limits.freshFailure.amount
      else { return ([Waiter<Answer?>](), PostgresError.connectionLost) }
      return (state.waiting.removeAll(), state.lastFailure.error)
    }
    for waiter in refused { waiter.resolve(.failure(error)) }
  }
}
