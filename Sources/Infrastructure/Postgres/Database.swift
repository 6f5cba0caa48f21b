package import Executors
package import Logging
import NIOCore
import Synchronization

/// A Postgres database. Single statements go over a few shared pipelined connections,
/// transactions over connections of their own. A connection that breaks is replaced; during the
/// first seconds of an outage work waits, later it fails at once with `unavailable`.
///
/// A statement that was sent runs to its end even when the waiting task is cancelled: its
/// bound is the statement timeout.
package final class Database: Querying {
  package let configuration: PostgresConfiguration
  let context: ConnectionContext
  let links: SharedLinks
  let pool: ExclusivePool
  private let watchdog = Mutex<RepeatedTask?>(nil)

  /// How often silent connections are looked for, at the least.
  private static let watchdogPeriod = TimeAmount.seconds(2)

  package init(configuration: PostgresConfiguration, executor: LoopExecutor, logger: Logger) {
    self.configuration = configuration
    context = ConnectionContext(
      connector: Connector(configuration: configuration),
      readiness: Readiness(loop: executor.loop), timers: StatementTimers(), executor: executor,
      logger: logger)
    links = SharedLinks(context, count: configuration.sharedConnections)
    pool = ExclusivePool(context, limit: configuration.exclusiveConnections)
  }

  /// Opens the first connections and returns when statements can be run.
  /// - Throws: `PostgresError` when that did not come about within `timeout`; call `shutdown`.
  package func start(timeout: Duration = .seconds(10)) async throws {
    try context.readiness.start()
    links.start()
    pool.start(minimum: configuration.minimumExclusiveConnections)
    startWatchdog()
    let step = Duration.milliseconds(5)
    var waited = Duration.zero
    while !links.isUp {
      guard waited < timeout else { throw links.lastError ?? .connectionLost }
      try await Task.sleep(for: step)
      waited += step
    }
  }

  /// Lets what is in flight end, within a few seconds, and closes all connections.
  package func shutdown() async {
    let step = Duration.milliseconds(10)
    var waited = Duration.zero
    while links.load > 0 || pool.held > 0, waited < Limits.shutdownGrace {
      await context.pause(step)
      waited += step
    }
    watchdog.withLock { $0.take() }?.cancel()
    await pool.shutdown()
    await links.shutdown()
    context.readiness.stop()
    await context.connector.pool.shutdown()
  }

  package func query(_ statement: Statement, _ binds: [Bind]) async throws -> Rows {
    let rows = try await exchange([Query(statement, binds)]).get()
    guard let first = rows.first else { throw PostgresError.connectionLost }
    return first
  }

  /// All or nothing: the batch is one implicit transaction.
  package func queryAll(_ batch: [Query]) async throws -> [Rows] {
    guard !batch.isEmpty else { return [] }
    return try await exchange(batch).get()
  }

  /// Runs a script of statements on a connection of its own, without a time limit and outside
  /// of a transaction; for administration. Works without `start`.
  package func runScript(_ sql: String) async throws {
    let configuration = configuration
    try await context.connector.pool.run {
      let session = try BlockingSession(configuration, limited: false)
      defer { session.close() }
      try session.run(sql)
    }
  }

  private func exchange(_ queries: [Query]) async -> ExchangeOutcome {
    await withCheckedContinuation { continuation in
      let exchange = Exchange(queries, continuation)
      context.onLoop { [links] in links.submit(exchange) }
    }
  }

  private func startWatchdog() {
    guard configuration.statementTimeout > .zero else { return }
    let limit = (configuration.statementTimeout + configuration.answerSlack).amount
    let period = min(Self.watchdogPeriod, (configuration.answerSlack / 2).amount)
    let task = context.loop.scheduleRepeatedTask(
      initialDelay: period, delay: period
    ) { [links, pool] _ in
      links.closeSilent(for: limit)
      pool.closeSilent(for: limit)
    }
    watchdog.withLock { $0 = task }
  }
}
