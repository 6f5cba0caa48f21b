import CLibPQ
import NIOCore

/// One connection in pipeline mode: sends round trips without waiting for earlier ones and
/// matches the answers to them in order.
///
/// `@unchecked`: used on the event loop only, which every entry asserts.
final class Wire: @unchecked Sendable {
  /// What the next message from the server belongs to.
  enum Step {
    case prepare(Prepared)
    /// The end of a group of PREPAREs, kept apart so that a statement that fails does not take
    /// along the preparation of those behind it.
    case prepared
    case statement(Prepared, sent: NIODeadline)
    case end(Exchange)
  }

  let loop: any EventLoop
  let checkpoint: Checkpoint?
  /// Round trips sent and not yet answered.
  private(set) var load = 0
  /// Told once when the connection is gone, with what was left unanswered.
  var onClose: ((Wire, [Exchange]) -> Void)?

  var handle: OpaquePointer?
  var steps = Fifo<Step>()
  var known: [String: Prepared] = [:]
  /// The answers so far to the exchange whose end comes next.
  var rows: [Rows] = []
  var failure: PostgresError?
  var lastProgress = NIODeadline.now()

  private let readiness: Readiness
  private let timers: StatementTimers
  private var watch: UInt64?
  private var parameters = ParameterBuffer()

  init(
    _ opened: OpenedConnection, readiness: Readiness, timers: StatementTimers, loop: any EventLoop
  ) {
    handle = opened.handle
    checkpoint = opened.checkpoint
    self.readiness = readiness
    self.timers = timers
    self.loop = loop
  }

  var isClosed: Bool { handle == nil }

  /// Nothing in flight and no transaction open.
  var isQuiet: Bool {
    guard let handle else { return false }
    return steps.isEmpty && PQtransactionStatus(handle) == PQTRANS_IDLE
  }

  /// Starts to listen to the server; before anything is sent.
  func attach() {
    loop.assertInEventLoop()
    guard let handle else { return }
    watch = readiness.watch(PQsocket(handle)) { [self] in becomeReady() }
    if watch == nil { close() }
  }

  /// Sends all statements and the mark that ends their group. The outcome always comes through
  /// the exchange.
  func send(_ exchange: Exchange) {
    loop.assertInEventLoop()
    guard let handle else { return exchange.finish(.lost(.connectionLost)) }
    let (uses, fresh): ([Prepared], [Prepared])
    do throws(PostgresError) {
      (uses, fresh) = try resolve(exchange.queries)
    } catch {
      return exchange.finish(.failed(error))
    }
    let now = NIODeadline.now()
    if steps.isEmpty { lastProgress = now }
    load += 1
    var sent = fresh.isEmpty || prepare(fresh, on: handle)
    for (use, query) in zip(uses, exchange.queries) {
      sent = sent && execute(use, query.binds, on: handle)
      steps.append(.statement(use, sent: now))
    }
    steps.append(.end(exchange))
    sent = sent && PQpipelineSync(handle) == 1 && flush()
    if !sent { close() }
  }

  /// Gives the connection up; what is unanswered goes to `onClose`.
  func close() {
    loop.assertInEventLoop()
    guard let handle = handle.take() else { return }
    if let watch { readiness.drop(PQsocket(handle), watch) }
    PQfinish(handle)
    let unanswered = steps.removeAll().compactMap { step in
      if case .end(let exchange) = step { exchange } else { nil }
    }
    load = 0
    rows = []
    onClose?(self, unanswered)
    onClose = nil
  }

  /// Closes a connection whose server has not answered for `limit`.
  func closeIfSilent(for limit: TimeAmount, now: NIODeadline) {
    guard !steps.isEmpty, now - lastProgress > limit else { return }
    becomeReady()
    if !steps.isEmpty, now - lastProgress > limit { close() }
  }

  func exchangeEnded() {
    load -= 1
  }

  /// Sends what libpq still holds and asks to be woken for the rest.
  /// False when the connection is broken.
  func flush() -> Bool {
    guard let handle else { return false }
    let left = PQflush(handle)
    guard left > 0, let watch else { return left == 0 }
    return readiness.arm(PQsocket(handle), watch, writing: true)
  }

  /// Asks to be woken for the next bytes from the server.
  func arm() -> Bool {
    guard let handle, let watch else { return false }
    let left = PQflush(handle)
    return left >= 0 && readiness.arm(PQsocket(handle), watch, writing: left > 0)
  }

  private func resolve(
    _ queries: [Query]
  ) throws(PostgresError) -> (uses: [Prepared], fresh: [Prepared]) {
    var uses: [Prepared] = []
    uses.reserveCapacity(queries.count)
    var fresh: [Prepared] = []
    for query in queries {
      let name = query.statement.name
      if let prepared = known[name] ?? fresh.first(where: { $0.statement.name == name }) {
        guard prepared.fits(query) else { throw Self.misuse(name, "is used in two ways") }
        uses.append(prepared)
      } else {
        let prepared = try introduce(query, after: known.count + fresh.count)
        uses.append(prepared)
        fresh.append(prepared)
      }
    }
    return (uses, fresh)
  }

  private func introduce(_ query: Query, after count: Int) throws(PostgresError) -> Prepared {
    let name = query.statement.name
    guard name.utf8.count <= Limits.statementNameBytes else {
      throw Self.misuse(name, "has too long a name")
    }
    guard count < Limits.preparedStatements else {
      throw Self.misuse(name, "is one more than a connection prepares")
    }
    return Prepared(
      query.statement, types: query.binds.map(\.typeID), timer: timers.timer(for: query.statement))
  }

  private static func misuse(_ name: String, _ how: String) -> PostgresError {
    PostgresError(.other, "a statement \(how)", statement: name)
  }

  private func prepare(_ statements: [Prepared], on handle: OpaquePointer) -> Bool {
    for prepared in statements {
      let sent = PQsendPrepare(
        handle, prepared.statement.name, prepared.statement.sql, Int32(prepared.types.count),
        prepared.types)
      guard sent == 1 else { return false }
      known[prepared.statement.name] = prepared
      steps.append(.prepare(prepared))
    }
    steps.append(.prepared)
    return PQpipelineSync(handle) == 1
  }

  private func execute(_ use: Prepared, _ binds: [Bind], on handle: OpaquePointer) -> Bool {
    let binaryResults: Int32 = 1
    return parameters.lend(binds) { lent in
      PQsendQueryPrepared(
        handle, use.statement.name, lent.count, lent.values, lent.lengths, lent.formats,
        binaryResults) == 1
    }
  }
}
