import Executors
import Logging
import NIOCore
import Synchronization

/// The connections that all single statements share, each pipelined. Keeps them open, spreads
/// work over them, and lets work wait through a short outage.
final class SharedLinks: Sendable {
  private struct State {
    var wires: [Wire] = []
    var next = 0
    var parked = Fifo<Exchange>()
    /// When the last connection was lost; nil while there is one.
    var downSince: NIODeadline?
    var isClosed = false
    var keepers: [Task<Void, Never>] = []
    var lastError: PostgresError?
  }

  private let context: ConnectionContext
  private let wanted: Int
  private let state = Mutex(State())

  init(_ context: ConnectionContext, count: Int) {
    self.context = context
    wanted = max(count, 1)
  }

  /// Begins to open the connections.
  func start() {
    state.withLock { $0.downSince = .now() }
    let tasks = (0..<wanted).map { _ in
      Task(executorPreference: context.executor) { await self.keepOpen() }
    }
    state.withLock { $0.keepers = tasks }
    scheduleEndOfGrace()
  }

  func shutdown() async {
    let (tasks, parked) = state.withLock { state in
      state.isClosed = true
      return (state.keepers, state.parked.removeAll())
    }
    for exchange in parked { exchange.finish(.failed(.shutDown)) }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
  }

  /// Round trips in flight or waiting.
  var load: Int {
    state.withLock { $0.parked.count + $0.wires.reduce(0) { $0 + $1.load } }
  }

  /// Connections that are open.
  var count: Int { state.withLock { $0.wires.count } }

  var isUp: Bool { count > 0 }

  /// Why the latest attempt to connect failed.
  var lastError: PostgresError? { state.withLock { $0.lastError } }

  func closeSilent(for limit: TimeAmount) {
    let now = NIODeadline.now()
    for wire in state.withLock({ $0.wires }) { wire.closeIfSilent(for: limit, now: now) }
  }

  /// Sends on the least loaded connection, or keeps the exchange until there is one.
  func submit(_ exchange: Exchange) {
    context.loop.assertInEventLoop()
    enum Choice {
      case send(Wire)
      case wait
      case refuse(PostgresError)
    }
    let choice: Choice = state.withLock { state in
      if state.isClosed { return .refuse(.shutDown) }
      if let wire = Self.leastLoaded(&state) {
        return wire.load < Limits.exchangesPerSharedConnection
          ? .send(wire) : .refuse(.tooMuchWork("round trips are in flight"))
      }
      if let since = state.downSince, NIODeadline.now() - since > Limits.outageGrace.amount {
        return .refuse(state.lastError ?? .connectionLost)
      }
      guard state.parked.count < Limits.parkedExchanges else {
        return .refuse(.tooMuchWork("statements wait for a connection"))
      }
      state.parked.append(exchange)
      return .wait
    }
    switch choice {
    case .send(let wire): wire.send(exchange)
    case .wait: break
    case .refuse(let error): exchange.finish(.failed(error))
    }
  }

  private static func leastLoaded(_ state: inout State) -> Wire? {
    guard !state.wires.isEmpty else { return nil }
    state.next = (state.next + 1) % state.wires.count
    var best = state.wires[state.next]
    for wire in state.wires where wire.load < best.load { best = wire }
    return best
  }

  /// Holds one connection open until the task is cancelled.
  private func keepOpen() async {
    var isFirstFailure = true
    while !Task.isCancelled {
      do {
        let wire = try await context.connect()
        if !isFirstFailure { context.logger.info("connected to Postgres again") }
        isFirstFailure = true
        await serve(wire)
        guard !Task.isCancelled else { return }
        context.logger.warning("lost a connection to Postgres, opening another")
      } catch {
        guard !Task.isCancelled else { return }
        context.logger.log(
          level: isFirstFailure ? .warning : .debug, "cannot connect to Postgres, trying again",
          metadata: ["reason": "\(error)"])
        isFirstFailure = false
        state.withLock { $0.lastError = error as? PostgresError ?? .connectionLost }
        await context.reconnectPause.wait(random: .random(in: 0..<1))
      }
    }
  }

  /// Returns when the connection is gone.
  private func serve(_ wire: Wire) async {
    let gone = Waiter<Void>()
    context.onLoop { [self] in
      wire.onClose = { [self] wire, unanswered in
        remove(wire, unanswered)
        gone.resolve(())
      }
      wire.attach()
      if !wire.isClosed { add(wire) }
    }
    await gone.value(ifCancelled: ())
    await context.finish(wire)
  }

  private func add(_ wire: Wire) {
    let parked = state.withLock { state in
      state.wires.append(wire)
      state.downSince = nil
      state.lastError = nil
      return state.parked.removeAll()
    }
    for exchange in parked { submit(exchange) }
  }

  private func remove(_ wire: Wire, _ unanswered: [Exchange]) {
    let isDown = state.withLock { state in
      state.wires.removeAll { $0 === wire }
      guard state.wires.isEmpty, state.downSince == nil else { return false }
      state.downSince = .now()
      return true
    }
    if isDown { scheduleEndOfGrace() }
    for exchange in unanswered {
      if exchange.isRepeatable, exchange.attempt < Limits.attemptsOfRepeatableWork {
        var again = exchange
        again.attempt += 1
        submit(again)
      } else {
        exchange.finish(.lost(.connectionLost))
      }
    }
  }

  /// When an outage has lasted too long, what waits is told so.
  private func scheduleEndOfGrace() {
    context.loop.scheduleTask(in: Limits.outageGrace.amount) { [self] in
      let (parked, error) = state.withLock { state in
        guard let since = state.downSince, NIODeadline.now() - since >= Limits.outageGrace.amount
        else { return ([Exchange](), PostgresError.connectionLost) }
        return (state.parked.removeAll(), state.lastError ?? .connectionLost)
      }
      for exchange in parked { exchange.finish(.failed(error)) }
    }
  }
}
